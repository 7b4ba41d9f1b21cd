using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Backstop.Client;
using Backstop.Core.Gates;
using Backstop.Core.Text;

namespace Backstop.Declarations;

/// <summary>Reads declarations from a file of YAML or JSON documents; knows every key and refuses the others.</summary>
internal static class DeclarationReader
{
    public const string Version = "backstop/v1";

    private static readonly Dictionary<string, (string[] Keys, Func<string, string, JsonObject, Declaration> Read)> Kinds = new(StringComparer.Ordinal)
    {
        ["Release"] = (["manifest"], (name, source, body) => new Declaration.Release(name, source, Object(body, "manifest"))),
        ["GuardPolicy"] = (["policy"], (name, source, body) => new Declaration.GuardPolicy(name, source, Object(body, "policy"))),
        ["RolloutPlan"] = (["plan"], (name, source, body) => new Declaration.RolloutPlan(name, source, Plan(Object(body, "plan")))),
        ["Gate"] = (["alias", "owner", "cases", "samples", "fail_if_more_than", "good_fail_rate", "bad_fail_rate", "review_by", "state"], Gate),
        ["Monitor"] = (
            ["alpha", "false_rollbacks_per_month", "min_units", "min_units_per_arm", "min_history", "freshness_ms", "total_margin", "latency_margin", "margins", "ceiling_margins", "strict"], Monitor),
        ["Alias"] = (["release", "plan", "required_gates", "capture_samples", "label_deadline_ms", "candidate_lease_ms"], Alias),
    };

    private static readonly JsonSerializerOptions Strict = new(ControlClient.Json) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    /// <summary>Everything a file declares.</summary>
    /// <param name="file">How messages call it.</param>
    /// <param name="text">What it holds.</param>
    /// <exception cref="FormatException">Something in it makes no sense; the message says where and what to write instead.</exception>
    public static IEnumerable<Declaration> Read(string file, string text)
    {
        var documents = At(file, () => YamlManifest.Documents(text).ToList());
        return documents.Select(d => At($"{file}, line {d.Line}", () => Read($"{file}, line {d.Line}", d.Document)));
    }

    private static Declaration Read(string source, JsonObject document)
    {
        var version = Text(document, "apiVersion");
        if (version != Version)
        {
            throw new FormatException($"apiVersion is '{version}': this Backstop reads '{Version}'.");
        }

        var kind = Text(document, "kind");
        if (!Kinds.TryGetValue(kind, out var known))
        {
            throw new FormatException($"kind '{kind}' cannot be declared.{Suggestion.For(kind, Kinds.Keys)} The kinds are {string.Join(", ", Kinds.Keys)}.");
        }

        string[] keys = ["apiVersion", "kind", "name", .. known.Keys];
        if (document.Select(member => member.Key).FirstOrDefault(key => !keys.Contains(key, StringComparer.Ordinal)) is { } unknown)
        {
            throw new FormatException($"unknown key '{unknown}' in a {kind}.{Suggestion.For(unknown, keys)}");
        }

        return known.Read(Text(document, "name"), source, document);
    }

    private static Declaration.Alias Alias(string name, string source, JsonObject body)
    {
        var settings = Rest(body, "plan", "required_gates");
        return new(
            name,
            source,
            Text(body, "release"),
            body.ContainsKey("plan") ? Text(body, "plan") : null,
            body.ContainsKey("required_gates") ? Required(name, source, body["required_gates"]) : null,
            As<NewAlias>(settings, "an Alias"));
    }

    private static Declaration.RequiredGates Required(string name, string source, JsonNode? given)
    {
        if (given is not JsonArray list)
        {
            throw new FormatException("'required_gates' must be a list of suites' ids, or of { gate, within_hours, digest }; [] requires none.");
        }

        // A name alone is all that most of them need.
        var gates = As<NewRequiredGate[]>(
            new JsonArray([.. list.Select(gate => gate is JsonValue id ? new JsonObject { ["gate"] = id.DeepClone() } : gate?.DeepClone())]), "'required_gates' of an Alias");
        var flaw = gates.Select(gate => gate is null ? "'required_gates' has an empty entry." : RequiredGate.Flaw(gate.Gate, gate.Digest, gate.WithinHours)).FirstOrDefault(text => text is not null)
            ?? gates.GroupBy(gate => gate.Gate, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => $"gate '{same.Key}' is required twice.").FirstOrDefault();
        return flaw is null ? new(name, source, gates) : throw new FormatException(flaw);
    }

    private static Declaration.Gate Gate(string name, string source, JsonObject body)
    {
        var settings = Rest(body, "name");
        settings["id"] = name;
        foreach (var key in (string[])["alias", "owner", "cases", "fail_if_more_than", "good_fail_rate", "bad_fail_rate", "review_by"])
        {
            if (settings[key] is null)
            {
                throw new FormatException($"'{key}' is missing in a Gate.{Meant(body, key)}");
            }
        }

        return new(name, source, As<NewGate>(settings, "a Gate").Normalised());
    }

    private static Declaration.Monitor Monitor(string name, string source, JsonObject body) => Names.IsAlias(name)
        ? new(name, source, As<MonitorPlan>(Rest(body, "name"), "a Monitor"))
        : throw new FormatException($"'{name}' is not an alias: a Monitor has the name of the alias it is about, such as 'assistant:prod'.");

    private static JsonObject Rest(JsonObject body, params string[] without)
    {
        var rest = body.DeepClone().AsObject();
        foreach (var key in (string[])["apiVersion", "kind", .. without])
        {
            rest.Remove(key);
        }

        return rest;
    }

    private static PlanRequest Plan(JsonObject plan)
    {
        if (plan["steps"] is not JsonArray)
        {
            throw new FormatException("'steps' is missing in a RolloutPlan: write a list of steps, or [] for all at once.");
        }

        return As<PlanRequest>(plan, "a RolloutPlan");
    }

    private static T As<T>(JsonNode value, string what)
    {
        Known(value, typeof(T), what);
        try
        {
            return value.Deserialize<T>(Strict)!;
        }
        catch (JsonException e)
        {
            throw new FormatException($"{e.Path?.TrimStart('$', '.')} does not fit in {what}: {e.Message.Split(" Path:")[0]}", e);
        }
    }

    // Before it is read: the reader knows that a key is unknown, and not which one was probably meant.
    private static void Known(JsonNode? value, Type type, string what)
    {
        if (value is JsonArray items && type.IsArray)
        {
            foreach (var item in items)
            {
                Known(item, type.GetElementType()!, what);
            }
        }

        if (value is not JsonObject mapping || type.Namespace != typeof(NewAlias).Namespace)
        {
            return;
        }

        var known = type.GetProperties().ToDictionary(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name), p => p.PropertyType, StringComparer.Ordinal);
        foreach (var (key, member) in mapping)
        {
            Known(member, known.GetValueOrDefault(key) ?? throw new FormatException($"unknown key '{key}' in {what}.{Suggestion.For(key, known.Keys)}"), $"'{key}' of {what}");
        }
    }

    private static string Text(JsonObject body, string key) => body[key] is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0
        ? text
        : throw new FormatException(body.ContainsKey(key) ? $"'{key}' must be text." : $"'{key}' is missing.{Meant(body, key)}");

    private static JsonObject Object(JsonObject body, string key) => body[key] is JsonObject value
        ? value
        : throw new FormatException(body.ContainsKey(key) ? $"'{key}' must be a mapping." : $"'{key}' is missing.{Meant(body, key)}");

    private static string Meant(JsonObject body, string key) =>
        body.Select(member => member.Key).FirstOrDefault(given => Suggestion.For(given, [key]).Length > 0) is { } typed ? $" Is '{typed}' meant to be '{key}'?" : "";

    private static T At<T>(string source, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FormatException e)
        {
            throw new FormatException($"{source}: {e.Message}", e);
        }
    }
}
