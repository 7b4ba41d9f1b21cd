using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Registry;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Upstreams;
using CsCheck;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>Whatever bytes come, the reader either refuses them, or has read just what any JSON library reads in them.</summary>
public sealed class RequestFuzzTests
{
    private static readonly ReleaseParts Release = new(((ReleaseResult.Parsed)Core.Registry.Release.Parse(
        "v7", """{"serving":{"model":"ti\"ny","replicas":["http://127.0.0.1:1"]},"parameters":{"temperature":0.5},"prompt":{"system":"Be \"brief\"."}}""")).Release);

    private static readonly (Dialect Dialect, string Good)[] Seeds =
    [
        (Dialect.Chat, """{"model":"a","messages":[{"role":"user","content":"hé\n\ud83d\ude00"},{"content":[{"type":"text","text":"x"},{"image":1}],"role":"tool"}],"stream":true,"temperature":1e3}"""),
        (Dialect.Chat, """ { "Temperature" : 2 , "messages":[] , "model":"a","n":[{},[]],"stream":null } """),
        (Dialect.Completions, """{"prompt":["a","b\"c"],"model":"a","suffix":"d","logit_bias":{"50256":-100}}"""),
        (Dialect.Embeddings, """{"input":"text","model":"a","dimensions":3}"""),
        (Dialect.Infer, """{"inputs":[{"name":"q","shape":[2],"datatype":"BYTES","data":["a",["b"]]},{"data":[1,2.5]}],"parameters":{"k":1},"id":"7"}"""),
    ];

    // Bytes that mean something to a reader of JSON are tried more often than others.
    private static readonly byte[] Signs = [.. "{}[]\",:\\\n 0e-.truenfalsdcb\0"u8];

    private static readonly Gen<byte> Telling = Gen.Select(Gen.Int[0, Signs.Length + 8], Gen.Byte, (sign, any) => sign < Signs.Length ? Signs[sign] : any);

    private static readonly Gen<(int Seed, (int Kind, int At, int Length, byte[] With)[] Changes)> Cases = Gen.Select(
        Gen.Int[0, Seeds.Length - 1],
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 400], Gen.Int[1, 30], Telling.Array[1, 4]).Array[0, 4]);

    [Fact]
    public void A_request_is_refused_or_read_as_any_library_reads_it() => Cases.Sample(c => Judge(Seeds[c.Seed].Dialect, Changed(c)), iter: 20_000);

    [Fact(Explicit = true)]
    public void A_request_is_refused_or_read_as_any_library_reads_it_for_minutes() =>
        Cases.Sample(c => Judge(Seeds[c.Seed].Dialect, Changed(c)), time: 180);

    private static void Judge(Dialect dialect, byte[] body)
    {
        ModelRequest request;
        try
        {
            request = ModelRequest.Read(BodyBytes.Own(body), dialect, dialect == Dialect.Infer ? "a" : null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return;
        }

        if (request.Flaw is not null || IsBeyondTheLibrary(body))
        {
            return;
        }

        var whole = JsonNode.Parse(body)!.AsObject();
        Assert.Equal(dialect == Dialect.Infer ? "a" : (string?)whole["model"], request.Alias);
        Assert.Equal((bool?)(whole["stream"] is JsonValue v && v.GetValueKind() is JsonValueKind.True && dialect != Dialect.Embeddings && dialect != Dialect.Infer), request.Stream);
        foreach (var (text, place) in request.Texts.Zip(request.TextPlaces))
        {
            Assert.Equal(JsonSerializer.Deserialize<string>(body.AsSpan()[place.Value]), text.Text);
        }

        Assert.Equal(TextsOf(dialect, whole), request.Texts.Select(t => t.Text));
        var asked = JsonNode.Parse(Sent(request))!.AsObject();
        Assert.True(JsonNode.DeepEquals(Expected(dialect, whole), asked), $"{Encoding.UTF8.GetString(body)} became {asked.ToJsonString()}");
    }

    // Members twice further inside, of which the gateway reads both, and half a surrogate pair where nobody reads it.
    private static bool IsBeyondTheLibrary(byte[] body)
    {
        try
        {
            using var strict = JsonDocument.Parse(body, new() { AllowDuplicateProperties = false });
            return !JsonNode.DeepEquals(JsonNode.Parse(body), JsonNode.Parse(body));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            using var lenient = JsonDocument.Parse(body); // What is no JSON must not have come so far.
            return true;
        }
    }

    private static byte[] Sent(ModelRequest request)
    {
        var body = UpstreamBody.For(request, Release, Release.Prompt.For(request, ImmutableArray<string?>.Empty).Messages, ImmutableArray<string?>.Empty);
        var sent = new byte[body.Length];
        Assert.Equal(body.Length, body.CopyTo(sent));
        Assert.Equal(sent, body.Pieces().SelectMany(piece => piece.ToArray()));
        return sent;
    }

    // What the release changes, said once more with another library.
    private static JsonObject Expected(Dialect dialect, JsonObject caller)
    {
        var expected = caller.DeepClone().AsObject();
        if (dialect == Dialect.Infer)
        {
            var parameters = expected["parameters"] as JsonObject ?? [];
            Override(parameters, "temperature", JsonValue.Create(0.5));
            expected["parameters"] = parameters.DeepClone();
            return expected;
        }

        expected["model"] = "ti\"ny";
        Override(expected, "temperature", JsonValue.Create(0.5));
        if (dialect == Dialect.Chat)
        {
            expected["messages"]!.AsArray().Insert(0, new JsonObject { ["role"] = "system", ["content"] = "Be \"brief\"." });
        }

        return expected;
    }

    private static void Override(JsonObject target, string name, JsonNode value)
    {
        foreach (var there in target.Select(m => m.Key).Where(k => k.Equals(name, StringComparison.OrdinalIgnoreCase)).ToList())
        {
            target.Remove(there);
        }

        target[name] = value;
    }

    private static string[] TextsOf(Dialect dialect, JsonObject body) => dialect switch
    {
        _ when dialect == Dialect.Chat => [.. body["messages"]!.AsArray().SelectMany(m => ContentOf(m!.AsObject()))],
        _ when dialect == Dialect.Completions => [.. body.Where(m => m.Key is "prompt" or "suffix").SelectMany(m => Strings(m.Value))],
        _ when dialect == Dialect.Embeddings => [.. Strings(body["input"])],
        _ => [.. body["inputs"]!.AsArray().SelectMany(t => Deep(t!["data"]))],
    };

    private static IEnumerable<string> ContentOf(JsonObject message) => message["content"] switch
    {
        JsonArray parts => TextMembers(parts),
        var content => Strings(content),
    };

    private static IEnumerable<string> TextMembers(JsonNode? node) => node switch
    {
        JsonArray list => list.SelectMany(TextMembers),
        JsonObject part => part.SelectMany(m => m.Key == "text" && m.Value?.GetValueKind() == JsonValueKind.String ? Strings(m.Value) : TextMembers(m.Value)),
        _ => [],
    };

    private static IEnumerable<string> Strings(JsonNode? node) => node switch
    {
        JsonArray list => list.Where(e => e?.GetValueKind() == JsonValueKind.String).Select(e => (string)e!),
        JsonValue value when value.GetValueKind() == JsonValueKind.String => [(string)value!],
        _ => [],
    };

    private static IEnumerable<string> Deep(JsonNode? node) => node switch
    {
        JsonArray list => list.SelectMany(Deep),
        JsonObject members => members.SelectMany(m => Deep(m.Value)),
        _ => Strings(node),
    };

    private static byte[] Changed((int Seed, (int Kind, int At, int Length, byte[] With)[] Changes) c)
    {
        List<byte> body = [.. Encoding.UTF8.GetBytes(Seeds[c.Seed].Good)];
        foreach (var (kind, at, length, with) in c.Changes)
        {
            var start = at % (body.Count + 1);
            var end = Math.Min(start + length, body.Count);
            switch (kind)
            {
                case 0: // Something else in its place.
                    body.RemoveRange(start, Math.Min(with.Length, body.Count - start));
                    body.InsertRange(start, with);
                    break;
                case 1: // A stretch of it once more.
                    body.InsertRange(start, body[start..end]);
                    break;
                default: // A stretch of it gone.
                    body.RemoveRange(start, end - start);
                    break;
            }
        }

        return [.. body];
    }
}
