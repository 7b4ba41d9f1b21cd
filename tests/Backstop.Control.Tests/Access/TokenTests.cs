using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Control.Access;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Access;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;

namespace Backstop.Control.Tests.Access;

public sealed class TokenTests(TokenTests.Fixture fixture) : IClassFixture<TokenTests.Fixture>
{
    private TokenIssuer Issuer => fixture.Issuer;

    private ControlServer Server => fixture.Server;

    [Fact]
    public async Task A_token_opens_what_its_roles_say_and_its_subject_is_the_actor()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await Server.As(null, HttpMethod.Get, "aliases")).Status);
        Assert.Null(Server.Services.GetRequiredService<Doorkeeper>().OneTimeKey);
        var root = Issuer.Token("ann@example.com", ["other", "root"]);
        var ranking = Issuer.Token("bob", ["ranking"]);
        await Server.Register("v7", new("http://127.0.0.1:9"), "m", root);
        Assert.Equal(HttpStatusCode.Created, (await Server.As(ranking, HttpMethod.Post, "aliases", new { name = "ranker:prod", release = "v7" })).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await Server.As(ranking, HttpMethod.Post, "aliases", new { name = "assistant:prod", release = "v7" })).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await Server.As(ranking, HttpMethod.Get, "keys")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await Server.As(Issuer.Token("eve", ["other"]), HttpMethod.Get, "releases")).Status);

        var journal = JsonNode.Parse((await Server.As(root, HttpMethod.Get, "journal")).Body)!.AsArray();
        Assert.Contains(journal, e => (string)e!["actor"]! == "ann@example.com" && (string)e["kind"]! == "release_registered");
        Assert.Contains(journal, e => (string)e!["actor"]! == "bob" && (string)e["kind"]! == "alias_created");

        // Keys work beside tokens; a token makes the first.
        var key = await Server.NewKey("ops", ["admin"], with: root);
        Assert.Equal(HttpStatusCode.OK, (await Server.As(key, HttpMethod.Get, "keys")).Status);
    }

    public static TheoryData<string> Forgeries => new(Enumerable.Select(Forged, f => f.Key));

    private static Dictionary<string, Func<TokenIssuer, string>> Forged { get; } = new(StringComparer.Ordinal)
    {
        ["signed by another key"] = i => i.Token("eve", ["root"], t => t.SigningCredentials = new(TokenIssuer.NewKey(), SecurityAlgorithms.RsaSha256)),
        ["signed by another key of the same name"] = i => i.Token("eve", ["root"], t =>
        {
            var key = TokenIssuer.NewKey();
            key.KeyId = i.Key.KeyId;
            t.SigningCredentials = new(key, SecurityAlgorithms.RsaSha256);
        }),
        ["signed with the public key as a shared secret"] = i => i.Token("eve", ["root"], t => t.SigningCredentials = new(
            new SymmetricSecurityKey(Encoding.ASCII.GetBytes(i.Key.Rsa.ExportSubjectPublicKeyInfoPem())) { KeyId = i.Key.KeyId }, SecurityAlgorithms.HmacSha256)),
        ["not signed"] = i => i.Token("eve", ["root"], t => t.SigningCredentials = null),
        ["made for another service"] = i => i.Token("eve", ["root"], t => t.Audience = "shop"),
        ["made by another issuer"] = i => i.Token("eve", ["root"], t => t.Issuer = "https://login.example"),
        ["expired"] = i => i.Token("eve", ["root"], t => t.Expires = DateTime.UtcNow.AddMinutes(-10)),
        ["not valid yet"] = i => i.Token("eve", ["root"], t => t.NotBefore = DateTime.UtcNow.AddMinutes(10)),
        ["without an end"] = i => i.Token("eve", ["root"], t => t.Expires = null),
        ["without a subject"] = i => i.Token("eve", ["root"], t => t.Subject = new()),
        ["no token at all"] = _ => "nonsense",
        ["changed by one letter"] = i => i.Token("eve", ["root"]) is var token && token[20] == 'A' ? token[..20] + 'B' + token[21..] : token[..20] + 'A' + token[21..],
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task A_token_that_does_not_count_is_refused_with_the_reason(string forgery)
    {
        var token = Forged[forgery](Issuer);
        var (status, body) = await Server.As(token, HttpMethod.Get, "aliases");
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains("token", (string)JsonNode.Parse(body)!["detail"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(fixture.Log.Lines, line => line.Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task While_theIssuer_is_away_tokens_are_refused_and_keys_work()
    {
        var key = await Server.NewKey("spare", ["admin"], with: Issuer.Token("ann", ["root"]));
        await using var orphan = await ControlServer.Start(Server.Data, oidc: new(new("http://127.0.0.1:9"), "backstop", "roles", ImmutableDictionary<string, Grant>.Empty));
        Assert.Equal(HttpStatusCode.Unauthorized, (await orphan.As(Issuer.Token("ann", ["root"]), HttpMethod.Get, "aliases")).Status);
        Assert.Equal(HttpStatusCode.OK, (await orphan.As(key, HttpMethod.Get, "aliases")).Status);
    }

    /// <summary>One server that believes one issuer.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal LogBook Log { get; } = new();

        internal TokenIssuer Issuer { get; private set; } = null!;

        internal ControlServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Issuer = await TokenIssuer.Start();
            var roles = new Dictionary<string, Grant>(StringComparer.Ordinal)
            {
                ["root"] = new([Scope.Admin], [AliasPattern.All]),
                ["ranking"] = new([Scope.Write, Scope.Operate], [AliasPattern.Parse("ranker:*")!]),
            };
            Server = await ControlServer.Start(log: Log, oidc: new(Issuer.Address, "backstop", "realm_access.roles", roles.ToImmutableDictionary()));
        }

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            await Issuer.DisposeAsync();
        }
    }
}
