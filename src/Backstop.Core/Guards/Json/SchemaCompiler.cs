using System.Text;
using System.Text.RegularExpressions;

namespace Backstop.Core.Guards.Json;

/// <summary>Turns schemas into nodes, each once, however many references lead to it.</summary>
internal sealed class SchemaCompiler(SchemaRegistry registry)
{
    private readonly Dictionary<JsonValue, SchemaNode> _nodes = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whether any schema asks what others have evaluated.</summary>
    public bool UsesUnevaluated { get; private set; }

    /// <summary>A node that was made before; nothing is compiled while documents are validated.</summary>
    public SchemaNode Compiled(JsonValue schema) => _nodes[schema];

    public SchemaNode NodeOf(JsonValue schema, SchemaResource home)
    {
        home = registry.HomeOf(schema, home);
        if (_nodes.TryGetValue(schema, out var known))
        {
            return known;
        }

        var node = new SchemaNode(home, (schema as JsonValue.Bool)?.Value);
        _nodes[schema] = node;
        if (schema is JsonValue.Map map)
        {
            foreach (var dynamic in home.DynamicAnchors.Values)
            {
                NodeOf(dynamic, home);
            }

            Fill(node, map, home);
        }
        else if (schema is not JsonValue.Bool)
        {
            throw new JsonSchemaException($"A schema is an object, true or false; at character {schema.Start} stands a {schema.Type}.");
        }

        return node;
    }

    private void Fill(SchemaNode node, JsonValue.Map map, SchemaResource home)
    {
        var keywords = node.Keywords;
        if (home.Validates)
        {
            keywords.AddRange(SchemaAssertions.Of(map));
        }

        AddReferences(keywords, map, home);
        AddBranches(keywords, map, home);
        AddMembersAndItems(keywords, map, home);

        // Last, for they ask what all the others have evaluated.
        if (One(map, "unevaluatedProperties", home) is { } properties)
        {
            UsesUnevaluated = true;
            keywords.Add(new UnevaluatedProperties(properties));
        }

        if (One(map, "unevaluatedItems", home) is { } items)
        {
            UsesUnevaluated = true;
            keywords.Add(new UnevaluatedItems(items));
        }
    }

    private void AddReferences(List<SchemaKeyword> keywords, JsonValue.Map map, SchemaResource home)
    {
        if (map.Find("$ref") is JsonValue.Text reference)
        {
            var (schema, there) = registry.Resolve(reference.Value, home);
            keywords.Add(new AllOf("$ref", [NodeOf(schema, there)]));
        }

        if (map.Find("$dynamicRef") is JsonValue.Text dynamic)
        {
            var (schema, there) = registry.Resolve(dynamic.Value, home);
            var anchor = dynamic.Value[(dynamic.Value.IndexOf('#', StringComparison.Ordinal) + 1)..];
            var node = NodeOf(schema, there);
            keywords.Add(there.DynamicAnchors.ContainsKey(anchor)
                ? new DynamicRef(anchor, node, this)
                : new AllOf("$dynamicRef", [node]));
        }
    }

    private void AddBranches(List<SchemaKeyword> keywords, JsonValue.Map map, SchemaResource home)
    {
        if (Many(map, "allOf", home) is { Count: > 0 } all)
        {
            keywords.Add(new AllOf("allOf", all));
        }

        if (Many(map, "anyOf", home) is { Count: > 0 } any)
        {
            keywords.Add(new AnyOf(any));
        }

        if (Many(map, "oneOf", home) is { Count: > 0 } one)
        {
            keywords.Add(new OneOf(one));
        }

        if (One(map, "not", home) is { } not)
        {
            keywords.Add(new Not(not));
        }

        if (One(map, "if", home) is { } condition)
        {
            keywords.Add(new IfThenElse(condition, One(map, "then", home), One(map, "else", home)));
        }

        if (Named(map, "dependentSchemas", home) is { Count: > 0 } dependent)
        {
            keywords.Add(new DependentSchemas(dependent));
        }
    }

    private void AddMembersAndItems(List<SchemaKeyword> keywords, JsonValue.Map map, SchemaResource home)
    {
        var named = Named(map, "properties", home);
        var patterns = Named(map, "patternProperties", home);
        var additional = One(map, "additionalProperties", home);
        if (named.Count > 0 || patterns.Count > 0 || additional is not null)
        {
            keywords.Add(new Properties(
                named.ToDictionary(pair => pair.Name, pair => pair.Node, StringComparer.Ordinal),
                [.. patterns.Select(pair => (SchemaPattern.Compile(pair.Name), pair.Node))],
                additional));
        }

        if (One(map, "propertyNames", home) is { } names)
        {
            keywords.Add(new PropertyNames(names));
        }

        var (prefix, rest) = (Many(map, "prefixItems", home), One(map, "items", home));
        if (prefix.Count > 0 || rest is not null)
        {
            keywords.Add(new Items(prefix, rest));
        }

        if (One(map, "contains", home) is { } contains)
        {
            var least = home.Validates ? (map.Find("minContains") as JsonValue.Number)?.Value : null;
            var most = home.Validates ? (map.Find("maxContains") as JsonValue.Number)?.Value : null;
            keywords.Add(new Contains(contains, least ?? new JsonNumber(1, 0), most));
        }
    }

    private SchemaNode? One(JsonValue.Map map, string keyword, SchemaResource home) =>
        map.Find(keyword) is { } schema ? NodeOf(schema, home) : null;

    private IReadOnlyList<SchemaNode> Many(JsonValue.Map map, string keyword, SchemaResource home) =>
        map.Find(keyword) is JsonValue.List list ? [.. list.Items.Select(schema => NodeOf(schema, home))] : [];

    private IReadOnlyList<(string Name, SchemaNode Node)> Named(JsonValue.Map map, string keyword, SchemaResource home) =>
        map.Find(keyword) is JsonValue.Map schemas
            ? [.. schemas.Members.Select(member => (member.Name, NodeOf(member.Value, home)))]
            : [];
}

/// <summary>Patterns of schemas: ECMA-262 expressions, of which only those that take linear time are accepted.</summary>
internal static class SchemaPattern
{
    public static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new JsonSchemaException($"The pattern '{pattern}' cannot be matched in linear time or is malformed: {e.Message}", e);
        }
    }

    // Where ECMA-262 and .NET read the same letters differently: digits are ASCII, and the end is the very end.
    private static string Translate(string pattern)
    {
        var text = new StringBuilder(pattern.Length);
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                var escape = pattern[i..(i + 2)];
                text.Append(escape == "\\d" ? (inClass ? "0-9" : "[0-9]") : escape);
                i++;
                continue;
            }

            inClass = c switch
            {
                '[' => true,
                ']' => false,
                _ => inClass,
            };
            _ = c == '$' && !inClass ? text.Append(@"\z") : text.Append(c);
        }

        return text
            .Replace(@"\p{Letter}", @"\p{L}")
            .Replace(@"\p{digit}", @"\p{Nd}")
            .ToString();
    }
}
