using Backstop.Control.Api;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Access;

/// <summary>Puts authentication into a host.</summary>
internal static class AccessHosting
{
    private const string Any = "any";
    private const string Token = "token";

    /// <summary>Adds keys, and tokens if an issuer is named.</summary>
    public static void AddAccess(this IServiceCollection services, OidcOptions? oidc)
    {
        services.AddSingleton<KeyStore>();
        services.AddSingleton<Doorkeeper>();
        services.AddHostedService(s => s.GetRequiredService<Doorkeeper>());
        var schemes = services.AddAuthentication(Any)
            .AddPolicyScheme(Any, null, any => any.ForwardDefaultSelector = http => oidc is not null && IsToken(http) ? Token : KeyAuthentication.Name)
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.Name, null);
        if (oidc is not null)
        {
            schemes.AddJwtBearer(Token, jwt => Configure(jwt, oidc));
        }
    }

    private static bool IsToken(HttpContext http) => Credentials.Of(http.Request) is { } text && !text.StartsWith(ApiKey.Mark, StringComparison.Ordinal);

    private static void Configure(JwtBearerOptions jwt, OidcOptions oidc)
    {
        jwt.Authority = oidc.Issuer.AbsoluteUri.TrimEnd('/');
        jwt.RequireHttpsMetadata = !oidc.Issuer.IsLoopback;
        jwt.MapInboundClaims = false;
        jwt.TokenValidationParameters.ValidAudience = oidc.Audience;
        jwt.TokenValidationParameters.NameClaimType = "sub";

        // Never one whose key is a secret shared with the issuer: the public key could be taken for it.
        jwt.TokenValidationParameters.ValidAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
        jwt.Events = new()
        {
            OnMessageReceived = context =>
            {
                context.Token = Credentials.Of(context.Request);
                return Task.CompletedTask;
            },
            OnTokenValidated = context =>
            {
                if (context.Principal?.FindFirst("sub")?.Value is { Length: > 0 } subject)
                {
                    context.Principal = new Caller(subject, oidc.RightsOf(context.Principal));
                }
                else
                {
                    Refuse(context, "The token names nobody: it has no 'sub'.");
                }

                return Task.CompletedTask;
            },
            OnAuthenticationFailed = context =>
            {
                Refuse(context, $"The token does not count: {context.Exception.Message}");
                return Task.CompletedTask;
            },
        };

        static void Refuse(ResultContext<JwtBearerOptions> context, string why)
        {
            context.HttpContext.Items[Credentials.Problem] = why;
            context.Fail(why);
        }
    }
}
