using Backstop.Control.Rollouts;
using Backstop.Control.Tests.Harness;
using Backstop.Core.Registry;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Tests.Rollouts;

/// <summary>A release is warm when its servers answered; those that must be told are told first.</summary>
public sealed class WarmthTests
{
    [Fact]
    public async Task A_server_is_told_to_get_its_model_ready_before_it_is_asked_for_an_answer()
    {
        await using var server = await ModelServer.Start("tiny");
        using var probe = new WarmthProbe(new() { DataDirectory = "" });

        Assert.Null(await probe.Failure(Served(server, """{"kind":"vllm","adapter":"/lora/v8"}""")));
        Assert.Equal(["POST /wake_up", "POST /v1/load_lora_adapter", "POST /v1/chat/completions"], server.Asked);
    }

    [Fact]
    public async Task A_server_that_cannot_load_its_model_is_not_warm_and_says_why()
    {
        await using var server = await ModelServer.Start("tiny");
        server.Otherwise = StatusCodes.Status400BadRequest;
        using var probe = new WarmthProbe(new() { DataDirectory = "" });

        var why = await probe.Failure(Served(server, """{"kind":"triton"}"""));

        Assert.Contains("/v2/repository/models/tiny/load, it answered 400", why, StringComparison.Ordinal);
        Assert.Equal(["POST /v2/repository/models/tiny/load"], server.Asked);
    }

    private static Release Served(ModelServer server, string engine) => Assert.IsType<ReleaseResult.Parsed>(Release.Parse(
        "v8", $$$"""{"serving":{"model":"tiny","replicas":["{{{server.Address}}}"],"engine":{{{engine}}}}}""")).Release;
}
