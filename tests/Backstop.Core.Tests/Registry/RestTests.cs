using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Registry;

/// <summary>A server rests only when nobody would miss it.</summary>
public sealed class RestTests
{
    private const string Vllm = """{"kind":"vllm","rest_after_s":60}""";
    private const string Adapter = """{"kind":"vllm","adapter":"/lora","rest_after_s":60}""";
    private const string Ollama = """{"kind":"ollama","rest_after_s":60}""";

    [Fact]
    public void Nothing_rests_unless_the_release_says_so()
    {
        Assert.Empty(Rest.ReplicasOf(Served("v1", """{"kind":"vllm"}""", "tiny", "http://a:8000"), []));
        Assert.Empty(Rest.ReplicasOf(Served("v1", engine: null, "tiny", "http://a:8000"), []));
        Assert.Equal([new Uri("http://a:8000")], Rest.ReplicasOf(Served("v1", Vllm, "tiny", "http://a:8000"), []));
    }

    [Theory]
    [InlineData(Vllm, "other", "http://A:8000/v1/", false)] // A server sleeps with all its models.
    [InlineData(Vllm, "other", "http://a:8001", true)]
    [InlineData(Adapter, "other", "http://a:8000", true)]
    [InlineData(Adapter, "tiny", "http://a:8000", false)]
    [InlineData(Ollama, "tiny:latest", "http://a:8000", false)]
    [InlineData(Ollama, "tiny:8b", "http://a:8000", true)]
    public void A_server_that_a_needed_release_answers_from_is_left_alone(string engine, string model, string address, bool rests)
    {
        var (old, needed) = (Served("v1", engine, "tiny", "http://a:8000", "http://b:8000"), Served("v2", engine: null, model, address));

        Assert.Equal(rests ? ["a", "b"] : ["b"], Rest.ReplicasOf(old, [needed]).Select(r => r.Host));
        Assert.Equal(!rests, Rest.Misses(needed, old));
    }

    [Fact]
    public void Whatever_an_alias_serves_or_can_come_back_to_is_needed()
    {
        var alias = new AliasRecord
        {
            Name = "a", Salt = "s", Current = "current", Candidate = "candidate", Previous = "previous", LastVerified = "verified",
            KeptWarm = [new("kept", ["http://10.1.*"])],
            Traffic = TrafficPolicy.Parse("""{"fallback":[{"release":"fallback"}],"shadow":{"release":"shadow","basis_points":1},"variants":[{"name":"n","release":"variant","basis_points":1}]}"""),
        };

        Assert.Equal(["candidate", "current", "fallback", "kept", "previous", "shadow", "variant", "verified"], alias.Needs().Order(StringComparer.Ordinal));
    }

    private static Release Served(string name, string? engine, string model, params string[] replicas)
    {
        var addresses = string.Join(',', replicas.Select(r => $"\"{r}\""));
        var told = engine is null ? "" : $""","engine":{engine}""";
        return Assert.IsType<ReleaseResult.Parsed>(Release.Parse(name, $$$"""{"serving":{"model":"{{{model}}}","replicas":[{{{addresses}}}]{{{told}}}}}""")).Release;
    }
}
