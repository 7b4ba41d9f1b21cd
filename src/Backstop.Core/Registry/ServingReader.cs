using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace Backstop.Core.Registry;

/// <summary>Reads the <c>serving</c> part of a manifest.</summary>
internal static class ServingReader
{
    private static readonly string[] Keys = ["protocol", "model", "replicas", "api_key", "headers", "tls", "engine", "timeouts", "retries", "health", "concurrent"];

    // Backstop writes these itself, or they belong to one connection.
    private static readonly string[] Reserved =
        ["host", "connection", "content-type", "content-length", "transfer-encoding", "accept-encoding", "x-request-id", "traceparent", "tracestate"];

    private static readonly string[] Secret = ["authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"];

    // RFC 9110 section 5.6.2: the signs of a token.
    private static readonly SearchValues<char> NameChars =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly SearchValues<char> VariableChars = SearchValues.Create("_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    public static Serving Read(JsonElement serving)
    {
        ManifestReader.Expect(serving, JsonValueKind.Object, "serving");
        ManifestReader.Known(serving, Keys, "serving");
        var protocol = (serving.TryGetProperty("protocol", out var p) ? Text(p, "serving.protocol") : "openai") switch
        {
            "openai" => "openai", // One text for all, which every request is compared with.
            "open-inference" => "open-inference",
            var other => throw new ManifestException($"serving.protocol is '{other}': use 'openai' or 'open-inference'."),
        };

        var replicas = ManifestReader.Required(serving, "replicas", "serving");
        ManifestReader.Expect(replicas, JsonValueKind.Array, "serving.replicas");
        ImmutableArray<Uri> addresses = [.. replicas.EnumerateArray().Select(ReadReplica)];
        return addresses.Length > 0
            ? new Serving(protocol, Text(ManifestReader.Required(serving, "model", "serving"), "serving.model"), addresses)
            {
                Headers = ReadHeaders(serving),
                AuthorityFile = ReadAuthorityFile(serving, addresses),
                Engine = ReadEngine(serving),
                Timeouts = ServingPatience.ReadTimeouts(serving),
                Retries = ServingPatience.ReadRetries(serving),
                Health = ServingPatience.ReadHealth(serving),
                Concurrent = ServingPatience.ReadConcurrent(serving),
            }
            : throw new ManifestException("serving.replicas is empty: name at least one address.");
    }

    private static Uri ReadReplica(JsonElement replica)
    {
        var text = Text(replica, "serving.replicas");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            throw new ManifestException($"serving.replicas has '{text}': write an http or https address.");
        }

        if (address.UserInfo.Length > 0)
        {
            throw new ManifestException("serving.replicas has an address with a password in it: name its environment variable under serving.api_key.");
        }

        return address is { Query: "", Fragment: "" }
            ? address
            : throw new ManifestException($"serving.replicas has '{text}': write the base address alone, without '?' and '#'.");
    }

    private static ModelEngine? ReadEngine(JsonElement serving)
    {
        if (!serving.TryGetProperty("engine", out var engine))
        {
            return null;
        }

        ManifestReader.Expect(engine, JsonValueKind.Object, "serving.engine");
        ManifestReader.Known(engine, ["kind", "adapter", "keep_alive", "rest_after_s"], "serving.engine");
        EngineKind kind = Text(ManifestReader.Required(engine, "kind", "serving.engine"), "serving.engine.kind") switch
        {
            "vllm" => EngineKind.Vllm,
            "triton" => EngineKind.Triton,
            "ollama" => EngineKind.Ollama,
            var other => throw new ManifestException($"serving.engine.kind is '{other}': use 'vllm', 'triton' or 'ollama', or leave serving.engine out where servers need not be told."),
        };
        return new(kind, OfKind("adapter", EngineKind.Vllm), OfKind("keep_alive", EngineKind.Ollama) ?? "-1", ServingPatience.ReadRestAfter(engine));

        string? OfKind(string key, EngineKind owner) => !engine.TryGetProperty(key, out var value) ? null
            : kind == owner ? Text(value, $"serving.engine.{key}")
            : throw new ManifestException($"serving.engine.{key} means something to {owner.ToString().ToLowerInvariant()} alone: leave it out.");
    }

    private static string? ReadAuthorityFile(JsonElement serving, ImmutableArray<Uri> replicas)
    {
        if (!serving.TryGetProperty("tls", out var tls))
        {
            return null;
        }

        ManifestReader.Expect(tls, JsonValueKind.Object, "serving.tls");
        ManifestReader.Known(tls, ["ca_file"], "serving.tls");
        var file = Text(ManifestReader.Required(tls, "ca_file", "serving.tls"), "serving.tls.ca_file");
        if (!replicas.Any(r => r.Scheme == "https"))
        {
            throw new ManifestException("serving.tls is given, and no replica has an https address: write https, or leave serving.tls out.");
        }

        return file.StartsWith('/') || (file.Length > 2 && file[1] == ':')
            ? file
            : throw new ManifestException($"serving.tls.ca_file is '{file}': write the whole path, such as /etc/backstop/models-ca.pem, where gateways and control planes find the file.");
    }

    private static ImmutableArray<ServingHeader> ReadHeaders(JsonElement serving)
    {
        var headers = ImmutableArray.CreateBuilder<ServingHeader>();
        if (serving.TryGetProperty("api_key", out var key))
        {
            headers.Add(new("Authorization", "Bearer ", VariableOf(key, "serving.api_key")));
        }

        if (serving.TryGetProperty("headers", out var others))
        {
            ManifestReader.Expect(others, JsonValueKind.Object, "serving.headers");
            headers.AddRange(others.EnumerateObject().Select(header => ReadHeader(header.Name, header.Value)));
        }

        var twice = headers.GroupBy(h => h.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1);
        return twice is null
            ? headers.ToImmutable()
            : throw new ManifestException($"The header '{twice.Key}' is given twice in serving: keep one (api_key is the header Authorization).");
    }

    private static ServingHeader ReadHeader(string name, JsonElement value)
    {
        var place = $"serving.headers.{name}";
        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(NameChars))
        {
            throw new ManifestException($"'{name}' in serving.headers is not a header name.");
        }

        if (Reserved.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new ManifestException($"{place} cannot be set: Backstop writes that header itself.");
        }

        if (value.ValueKind == JsonValueKind.Object)
        {
            return new(name, "", VariableOf(value, place));
        }

        if (Secret.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new ManifestException(
                $$"""{{place}} would put a secret into the registry: write { "env": "NAME" } with the environment variable that holds it.""");
        }

        var text = Text(value, place);
        return text.Any(char.IsControl) ? throw new ManifestException($"{place} holds a control character.") : new(name, text, null);
    }

    private static string VariableOf(JsonElement value, string place)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new ManifestException(
                $$"""{{place}} must be { "env": "NAME" }, with the environment variable that holds it where the gateway and the control plane run.""");
        }

        ManifestReader.Known(value, ["env"], place);
        var name = Text(ManifestReader.Required(value, "env", place), place + ".env");
        return name.Length > 0 && !name.AsSpan().ContainsAnyExcept(VariableChars)
            ? name
            : throw new ManifestException($"{place}.env is '{name}': write the name of an environment variable, such as VLLM_API_KEY.");
    }

    private static string Text(JsonElement value, string place)
    {
        ManifestReader.Expect(value, JsonValueKind.String, place);
        return value.GetString()!;
    }
}
