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
    [InlineData("""{"retries":{"hedge_after_ms":0}}""", "serving.retries.hedge_after_ms is 0")]
    [InlineData("""{"tls":{"ca_file":"/etc/ca.pem"}}""", "no replica has an https address")]
    [InlineData("""{"tls":{"ca_file":"ca.pem"},"replicas":["https://a"]}""", "whole path")]
    [InlineData("""{"tls":{},"replicas":["https://a"]}""", "'ca_file' is missing")]
    [InlineData("""{"engine":{"kind":"tgi"}}""", "'vllm', 'triton' or 'ollama'")]
    [InlineData("""{"engine":{"kind":"triton","adapter":"/a"}}""", "vllm alone")]
    [InlineData("""{"engine":{"kind":"triton","rest_after_s":-1}}""", "use 0 to 2592000")]
    [InlineData("""{"health":{}}""", "'path' is missing in serving.health")]
    [InlineData("""{"health":{"path":"health"}}""", "such as '/health'")]
    [InlineData("""{"health":{"path":"/health","interval_ms":1}}""", "use 100 to")]
    public void What_is_wrong_is_said_with_what_to_write_instead(string serving, string said)
    {
        var error = Assert.IsType<ReleaseResult.Invalid>(Release.Parse("v8", Manifest(serving))).Error;

        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"kind":"vllm"}""", "/wake_up")]
    [InlineData("""{"kind":"vllm","adapter":"/lora/v8"}""", """/wake_up /v1/load_lora_adapter{"lora_name":"tiny","lora_path":"/lora/v8"}""")]
    [InlineData("""{"kind":"triton"}""", "/v2/repository/models/tiny/load{}")]
    [InlineData("""{"kind":"ollama"}""", """/api/generate{"model":"tiny","keep_alive":-1}""")]
    [InlineData("""{"kind":"ollama","keep_alive":"10m"}""", """/api/generate{"model":"tiny","keep_alive":"10m"}""")]
    public void An_engine_is_told_to_get_the_model_ready(string engine, string told)
    {
        var serving = Parsed($$"""{"engine":{{engine}}}""").Serving;
        foreach (var replica in (string[])["http://gpu:8000/v1", "http://gpu:8000"])
        {
            Assert.Equal(told, string.Join(' ', serving.Engine!.WarmUp(serving.Model, new(replica)).Select(call => call.Address.AbsolutePath + call.Body?.ToJsonString())));
        }
    }

    [Theory]
    [InlineData("""{"kind":"vllm"}""", "/sleep?level=1")]
    [InlineData("""{"kind":"vllm","adapter":"/lora/v8"}""", """/v1/unload_lora_adapter{"lora_name":"tiny"}""")]
    [InlineData("""{"kind":"triton"}""", "/v2/repository/models/tiny/unload{}")]
    [InlineData("""{"kind":"ollama"}""", """/api/generate{"model":"tiny","keep_alive":0}""")]
    public void An_engine_is_told_that_the_model_may_rest(string engine, string told)
    {
        var serving = Parsed($$"""{"engine":{{engine}}}""").Serving;
        foreach (var replica in (string[])["http://gpu:8000/v1", "http://gpu:8000"])
        {
            var call = serving.Engine!.Rest(serving.Model, new(replica));
            Assert.Equal(told, call.Address.PathAndQuery + call.Body?.ToJsonString());
        }
    }

    [Fact]
    public void The_authorities_of_a_release_are_read_from_its_file_and_a_file_without_any_is_named()
    {
        var serving = Parsed("""{"tls":{"ca_file":"/etc/ca.pem"},"replicas":["https://a"]}""").Serving;

        Assert.Contains("/etc/ca.pem", Assert.Throws<MissingSecretException>(() => serving.TrustWith(_ => null)).Message, StringComparison.Ordinal);
        Assert.Contains("/etc/ca.pem", Assert.Throws<MissingSecretException>(() => serving.TrustWith(_ => "no certificate")).Message, StringComparison.Ordinal);
        Assert.Null(Parsed("{}").Serving.TrustWith(_ => null));
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
