using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Backstop.Importing;

/// <summary>Something of a configuration that has no counterpart here.</summary>
/// <param name="Line">Where it stands in the file, from 1.</param>
internal sealed record NotImported(long Line, string What, string Why);

/// <summary>A policy in the making, and what could not become part of it.</summary>
internal sealed class ImportedPolicy(string name)
{
    private readonly Dictionary<string, JsonArray> _stages = new(StringComparer.Ordinal);
    private readonly List<NotImported> _left = [];

    public IReadOnlyList<NotImported> Left => [.. _left.OrderBy(left => left.Line)];

    public JsonObject Policy => new()
    {
        ["apiVersion"] = GuardPolicy.ApiVersion,
        ["name"] = name,
        ["stages"] = new JsonObject(_stages.Select(stage => KeyValuePair.Create<string, JsonNode?>(stage.Key, new JsonObject { ["checks"] = stage.Value.DeepClone() }))),
    };

    /// <summary>Adds a check; where its action is not possible the strict one is taken and that is noted.</summary>
    public void Add(string stage, string use, string action, JsonObject? with, long line, string? unfixable = null)
    {
        var checks = _stages.TryGetValue(stage, out var list) ? list : _stages[stage] = [];
        var check = new JsonObject { ["use"] = use, ["action"] = action };
        if (checks.Any(other => (string?)other!["use"] == use))
        {
            check["id"] = $"{use}_{checks.Count + 1}";
        }

        if (with is { Count: > 0 })
        {
            check["with"] = with;
        }

        if (unfixable is not null)
        {
            check["unfixable"] = unfixable;
        }

        if (Flaw(stage, check) is not { } flaw)
        {
            checks.Add(check);
            return;
        }

        Leave(line, $"{use}: {action}", flaw);
        check["action"] = "block";
        check.Remove("unfixable");
        if (Flaw(stage, check) is null)
        {
            checks.Add(check);
        }
    }

    public void Leave(long line, string what, string why) => _left.Add(new NotImported(line, what, why));

    private static string? Flaw(string stage, JsonObject check)
    {
        try
        {
            GuardPolicy.Parse(new JsonObject { ["stages"] = new JsonObject { [stage] = new JsonObject { ["checks"] = new JsonArray(check.DeepClone()) } } }.ToJsonString());
            return null;
        }
        catch (GuardPolicyException e)
        {
            return e.Message;
        }
    }
}

/// <summary>Reads configurations with the lines on which things stand. JSON is read as the YAML it is.</summary>
internal static class Configuration
{
    /// <exception cref="FormatException">Not one mapping; the message says where.</exception>
    public static YamlMappingNode Read(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}, column {e.Start.Column}: {e.Message}", e);
        }

        return stream.Documents is [{ RootNode: YamlMappingNode root }] ? root : throw new FormatException("is not one mapping of keys to values.");
    }

    public static YamlNode? At(this YamlNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var key in path)
        {
            node = node is YamlMappingNode mapping && mapping.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;
        }

        return node;
    }

    public static string? Text(this YamlNode? node) => (node as YamlScalarNode)?.Value;

    public static IEnumerable<YamlNode> Items(this YamlNode? node) => node is YamlSequenceNode list ? list.Children : [];

    public static JsonArray Texts(this YamlNode? node) => new([.. node.Items().Select(item => JsonValue.Create(item.Text()))]);
}
