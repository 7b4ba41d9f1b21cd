using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Registry;

public class ServingTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8000", "http://127.0.0.1:8000/v1/chat/completions")]
    [InlineData("http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1/chat/completions")]
    [InlineData("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/chat/completions")]
    [InlineData("https://models.example/eu/v1/", "https://models.example/eu/v1/chat/completions")]
    [InlineData("https://models.example/eu", "https://models.example/eu/v1/chat/completions")]
    public void The_version_may_stand_in_the_address_or_not(string replica, string expected) =>
        Assert.Equal(new Uri(expected), Serving.AddressOf(new(replica), "chat/completions"));

    [Fact]
    public void A_key_comes_from_the_environment_and_never_stands_in_the_manifest()
    {
        var release = Parsed("""{"api_key":{"env":"KEY"},"headers":{"x-team":"ranking","x-project":{"env":"PROJECT"}}}""");

        var headers = release.Serving.HeadersWith(name => name == "KEY" ? "sesame\n" : "p-1");

        Assert.Equal(
            [new("Authorization", "Bearer sesame"), new("x-team", "ranking"), new("x-project", "p-1")],
            headers);
        Assert.DoesNotContain("sesame", release.Manifest, StringComparison.Ordinal);
    }

    [Fact]
    public void How_patient_gateways_are_is_read_and_has_defaults()
    {
        var told = Parsed("""{"timeouts":{"connect_ms":100,"first_token_ms":20000},"retries":{"most":0},"health":{"path":"/health","interval_ms":1000}}""").Serving;

        Assert.Equal(new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(20)), told.Timeouts);
        Assert.Equal(new(0, 20), told.Retries);
        Assert.Equal(new("/health", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 2), told.Health);
        var silent = Parsed("{}").Serving;
        Assert.Equal(Timeouts.None, silent.Timeouts);
        Assert.Equal(Retries.Default, silent.Retries);
        Assert.Null(silent.Health);
    }

    [Fact]
    public void A_missing_key_is_named()
    {
        var serving = Parsed("""{"api_key":{"env":"KEY"}}""").Serving;

        Assert.Contains("KEY", Assert.Throws<MissingSecretException>(() => serving.HeadersWith(_ => null)).Message, StringComparison.Ordinal);
        var split = Assert.Throws<MissingSecretException>(() => serving.HeadersWith(_ => "sesame\nx-evil: 1"));
        Assert.DoesNotContain("sesame", split.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"api_key":"sesame"}""", "\"env\"")]
    [InlineData("""{"api_key":{"env":""}}""", "VLLM_API_KEY")]
    [InlineData("""{"api_key":{"evn":"KEY"}}""", "env")]
    [InlineData("""{"headers":{"Authorization":"Bearer sesame"}}""", "secret")]
    [InlineData("""{"headers":{"x-api-key":"sesame"}}""", "secret")]
    [InlineData("""{"headers":{"Content-Length":"1"}}""", "Backstop writes that header itself")]
    [InlineData("""{"headers":{"x y":"1"}}""", "not a header name")]
    [InlineData("""{"headers":{"x-a":"1\r\nx-b: 2"}}""", "control character")]
    [InlineData("""{"headers":{"x-a":1}}""", "string")]
    [InlineData("""{"api_key":{"env":"KEY"},"headers":{"authorization":{"env":"KEY"}}}""", "twice")]
    [InlineData("""{"replicas":["http://ann:sesame@127.0.0.1"]}""", "serving.api_key")]
    [InlineData("""{"replicas":["http://127.0.0.1/?key=1"]}""", "base address")]
    [InlineData("""{"replicas":[1]}""", "string")]
    [InlineData("""{"protocol":1}""", "string")]
    [InlineData("""{"timeouts":{"total":1}}""", "Unknown key 'total' in serving.timeouts")]
    [InlineData("""{"timeouts":{"total_ms":0}}""", "serving.timeouts.total_ms is 0")]
    [InlineData("""{"retries":{"most":1.5}}""", "whole number")]
    [InlineData("""{"retries":{"budget_percent":101}}""", "use 0 to 100")]
    [InlineData("""{"health":{}}""", "'path' is missing in serving.health")]
    [InlineData("""{"health":{"path":"health"}}""", "such as '/health'")]
    [InlineData("""{"health":{"path":"/health","interval_ms":1}}""", "use 100 to")]
    public void What_is_wrong_is_said_with_what_to_write_instead(string serving, string said)
    {
        var error = Assert.IsType<ReleaseResult.Invalid>(Release.Parse("v8", Manifest(serving))).Error;

        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", error, StringComparison.Ordinal);
    }

    private static Release Parsed(string serving) => Assert.IsType<ReleaseResult.Parsed>(Release.Parse("v8", Manifest(serving))).Release;

    // The given members, and the ones that every serving needs where they are missing.
    private static string Manifest(string serving)
    {
        var content = System.Text.Json.Nodes.JsonNode.Parse(serving)!.AsObject();
        content.TryAdd("model", "tiny");
        content.TryAdd("replicas", new System.Text.Json.Nodes.JsonArray("http://127.0.0.1:8000"));
        return $$"""{"serving":{{content.ToJsonString()}}}""";
    }
}
