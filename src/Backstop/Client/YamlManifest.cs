using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Backstop.Client;

/// <summary>Reads manifests and declarations written as YAML or JSON.</summary>
/// <remarks>
/// JSON is almost a subset of YAML, so one reader does both. Plain scalars follow the YAML 1.2 core schema: only
/// <c>true</c>, <c>false</c>, <c>null</c> and numbers are not text, so that a country code <c>no</c> stays text.
/// </remarks>
public static class YamlManifest
{
    /// <summary>Reads one document.</summary>
    /// <exception cref="FormatException">Not one mapping; the message says where.</exception>
    public static JsonObject Parse(string text) => Load(text).Documents is [{ RootNode: YamlMappingNode root }]
        ? Mapping(root)
        : throw new FormatException("a manifest is one mapping of keys to values; 'serving' is the one it cannot do without.");

    /// <summary>Reads a file of several documents, each with the line it begins on; empty ones are passed over.</summary>
    /// <exception cref="FormatException">One is not a mapping; the message says where.</exception>
    public static IEnumerable<(long Line, JsonObject Document)> Documents(string text)
    {
        foreach (var document in Load(text).Documents)
        {
            if (document.RootNode is YamlScalarNode { Value: null or "" })
            {
                continue;
            }

            yield return document.RootNode is YamlMappingNode root
                ? (root.Start.Line, Mapping(root))
                : throw new FormatException($"line {document.RootNode.Start.Line}: a declaration is one mapping of keys to values, such as 'kind: Release'.");
        }
    }

    /// <summary>A node of a document as JSON.</summary>
    internal static JsonNode? Json(YamlNode node) => Node(node);

    private static YamlStream Load(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
            return stream;
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}, column {e.Start.Column}: {e.Message}", e);
        }
    }

    private static JsonObject Mapping(YamlMappingNode mapping)
    {
        var result = new JsonObject();
        foreach (var (key, value) in mapping.Children)
        {
            result[Key(key)] = Node(value);
        }

        return result;
    }

    private static string Key(YamlNode node) => node is YamlScalarNode { Value: { } key }
        ? key
        : throw new FormatException($"line {node.Start.Line}: a key must be text.");

    private static JsonNode? Node(YamlNode node) => node switch
    {
        YamlMappingNode mapping => Mapping(mapping),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Node)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => Plain(plain.Value ?? ""),
        YamlScalarNode quoted => JsonValue.Create(quoted.Value),
        _ => throw new FormatException($"line {node.Start.Line}: aliases cannot be used in a manifest."),
    };

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "~" or "null" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        _ when IsNumber(text) => JsonValue.Create(double.Parse(text, CultureInfo.InvariantCulture)),
        _ => JsonValue.Create(text),
    };

    private static bool IsNumber(string text) =>
        (char.IsAsciiDigit(text[0]) || text[0] is '-' or '.')
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value);
}
