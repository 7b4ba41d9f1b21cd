using System.Text;
using System.Text.Json.Nodes;
using Backstop.Control.Tests.Harness;

namespace Backstop.Control.Tests.Api;

public sealed class BadRequestTests(BadRequestTests.Fixture fixture) : IClassFixture<BadRequestTests.Fixture>
{
    private const string NoDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    private readonly ControlServer _server = fixture.Server;

    [Theory]
    [InlineData("releases", "{\"name\":\"x\",\"manifets\":{}}", 400, "Did you mean 'manifest'?")]
    [InlineData("releases", "{\"name\":\"x\",\"manifest\":{\"servin\":{}}}", 400, "Did you mean 'serving'?")]
    [InlineData("releases", "{\"name\":\"x\"}", 400, "manifest")]
    [InlineData("releases", "{\"name\":\"x\",\"name\":\"y\",\"manifest\":{}}", 400, "name")]
    [InlineData("releases", "{", 400, "body")]
    [InlineData("aliases", "{\"name\":\"assistant\",\"release\":\"v7\"}", 400, "assistant:prod")]
    [InlineData("aliases", "{\"name\":\"a:b\",\"release\":\"v0\"}", 404, "v0")]
    [InlineData("aliases", "{\"name\":\"assistant:prod\",\"release\":\"v7\"}", 409, "already")]
    [InlineData("aliases", "{\"name\":\"a:b\",\"release\":\"v7\",\"candidate_lease_ms\":1}", 400, "candidate_lease_ms")]
    [InlineData("aliases/no:such/rollback", "{\"reason\":\"x\"}", 404, "no:such")]
    [InlineData("aliases/assistant:prod/rollback", "{\"reason\":\" \"}", 400, "reason")]
    [InlineData("aliases/assistant:prod/rollback", "{\"reason\":\"x\"}", 409, "no previous release")]
    [InlineData("aliases/assistant:prod/swap", "{\"release\":\"" + NoDigest + "\",\"expected_generation\":1,\"reason\":\"x\"}", 404, NoDigest)]
    [InlineData("aliases/assistant:prod/swap", "{\"release\":\"v8\",\"expected_generation\":7,\"reason\":\"x\"}", 409, "generation")]
    [InlineData("aliases/assistant:prod/approve", "{\"release\":\"" + NoDigest + "\",\"reason\":\"x\"}", 404, NoDigest)]
    [InlineData("aliases/assistant:prod/rollouts", "{\"release\":\"" + NoDigest + "\"}", 404, NoDigest)]
    [InlineData("releases", "{\"name\":\"v7\",\"manifest\":{\"serving\":{\"model\":\"other\",\"replicas\":[\"http://127.0.0.1:9\"]}}}", 409, "never change")]
    [InlineData("aliases/assistant:prod/rollouts", "{\"release\":\"v8\",\"plan\":{\"stepz\":[]}}", 400, "Did you mean 'steps'?")]
    [InlineData("aliases/assistant:prod/rollouts", "{\"release\":\"v8\",\"plan\":{\"steps\":[{\"basis_points\":0,\"dwell_ms\":0,\"min_units\":0}]}}", 400, "basis points")]
    [InlineData("aliases/assistant:prod/rollouts", "{\"release\":\"v8\",\"evidence\":{\"alpha\":2}}", 400, "alpha")]
    [InlineData("aliases/assistant:prod/rollouts", "{\"release\":\"v7\"}", 409, "already")]
    [InlineData("rollouts/nothing/abort", "{\"reason\":\"x\"}", 404, "nothing")]
    public async Task A_bad_request_is_told_what_is_wrong(string path, string body, int status, string says)
    {
        var before = await _server.Get("journal?limit=1000");
        using var response = await _server.Api.PostAsync("/api/v1/" + path, new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        Assert.Contains(says, (string)problem["detail"]!, StringComparison.Ordinal);
        Assert.Equal(before.ToJsonString(), (await _server.Get("journal?limit=1000")).ToJsonString());
    }

    /// <summary>One server for all, since nothing here may change it.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal ControlServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await ControlServer.Start();
            await Server.Register("v7", new("http://127.0.0.1:9"), "m");
            await Server.Register("v8", new("http://127.0.0.1:9"), "n");
            await Server.CreateAlias("assistant:prod", "v7");
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
