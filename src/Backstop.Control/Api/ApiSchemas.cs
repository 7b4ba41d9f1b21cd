using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;

namespace Backstop.Control.Api;

/// <summary>The forms that stand in bodies and answers, each once, by the rules with which they are read and written.</summary>
/// <param name="schemas">Where they are collected, by name.</param>
internal sealed class ApiSchemas(JsonObject schemas)
{
    private const string Place = "#/components/schemas/";
    private static readonly JsonSchemaExporterOptions Strict = new()
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = (context, node) =>
        {
            // The exporter forgets that a number that may be a word, such as NaN, may also be missing.
            if (Nullable.GetUnderlyingType(context.TypeInfo.Type) is not null && node is JsonObject && node["anyOf"] is JsonArray forms)
            {
                forms.Add(new JsonObject { ["type"] = "null" });
            }

            return node;
        },
    };


    /// <summary>A reference to the form of a type.</summary>
    /// <param name="type">The type.</param>
    /// <param name="rules">How it is read or written.</param>
    public JsonObject Of(Type type, JsonSerializerOptions rules)
    {
        if (type == typeof(JsonElement))
        {
            return [];
        }

        if (ItemOf(type) is { } item)
        {
            return new() { ["type"] = "array", ["items"] = Of(item, rules) };
        }

        var name = NameOf(type);
        if (!schemas.ContainsKey(name))
        {
            var form = rules.GetJsonSchemaAsNode(type, Strict);
            Rebase(form, $"{Place}{name}");
            schemas[name] = form;
        }

        return new() { ["$ref"] = Place + name };
    }

    // A form refers to what stands in it twice as if it stood alone.
    private static void Rebase(JsonNode? node, string place)
    {
        foreach (var child in node switch
        {
            JsonObject o => o.Select(m => m.Value).ToArray(),
            JsonArray a => [.. a],
            _ => [],
        })
        {
            Rebase(child, place);
        }

        if (node is JsonObject at && at["$ref"] is JsonValue reference)
        {
            at["$ref"] = place + ((string)reference!)[1..];
        }
    }

    private static Type? ItemOf(Type type) => type.IsArray
        ? type.GetElementType()
        : type.GetInterfaces().Append(type).FirstOrDefault(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IEnumerable<>))?.GenericTypeArguments[0];

    // What an endpoint keeps to itself is called after the endpoint: several have a request of the same name.
    private static string NameOf(Type type) => type.DeclaringType is { } owner
        ? owner.Name.Replace("Endpoints", "", StringComparison.Ordinal) + type.Name
        : type.Name;
}
