using System.Net;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Backstop.Control.Tests.Harness;

/// <summary>An OpenID Connect issuer on this machine, with a signing key of its own.</summary>
internal sealed class TokenIssuer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TokenIssuer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public RsaSecurityKey Key { get; private set; } = NewKey();

    public static async Task<TokenIssuer> Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var issuer = new TokenIssuer(app);
        app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = issuer.Issuer, jwks_uri = $"{issuer.Issuer}/jwks" }));
        app.MapGet("/jwks", () =>
        {
            var key = issuer.Key.Rsa.ExportParameters(includePrivateParameters: false);
            return Results.Json(new
            {
                keys = new[] { new { kty = "RSA", use = "sig", kid = issuer.Key.KeyId, n = Base64UrlEncoder.Encode(key.Modulus), e = Base64UrlEncoder.Encode(key.Exponent) } },
            });
        });
        await app.StartAsync();
        return issuer;
    }

    public string Issuer => Address.AbsoluteUri.TrimEnd('/');

    /// <summary>A token as it should be, or changed by <paramref name="change"/>.</summary>
    public string Token(string subject, string[] roles, Action<SecurityTokenDescriptor>? change = null)
    {
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = "backstop",
            Subject = new ClaimsIdentity([new("sub", subject)]),
            Claims = new Dictionary<string, object>(StringComparer.Ordinal) { ["realm_access"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["roles"] = roles } },
            NotBefore = DateTime.UtcNow.AddMinutes(-30),
            Expires = DateTime.UtcNow.AddMinutes(30),
            SigningCredentials = new(Key, SecurityAlgorithms.RsaSha256),
        };
        change?.Invoke(descriptor);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }

    public static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString("N") };

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
