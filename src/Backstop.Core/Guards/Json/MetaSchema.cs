using System.Collections.Immutable;

namespace Backstop.Core.Guards.Json;

/// <summary>What draft 2020-12 says a schema looks like, as schemas: for documents that refer to it.</summary>
/// <remarks>The identifiers, anchors and demands of the published meta-schema, written out as briefly as they can be.</remarks>
internal static class MetaSchema
{
    private const string Base = "https://json-schema.org/draft/2020-12/";

    public static ImmutableDictionary<string, string> Documents { get; } = new Dictionary<string, string>
    {
        [Base + "schema"] = Schema,
        [Base + "meta/core"] = Part("core", Core),
        [Base + "meta/applicator"] = Part("applicator", Applicator),
        [Base + "meta/unevaluated"] = Part("unevaluated", Unevaluated),
        [Base + "meta/validation"] = Part("validation", Validation),
        [Base + "meta/meta-data"] = Part("meta-data", MetaData),
        [Base + "meta/format-annotation"] = Part("format-annotation", Format),
        [Base + "meta/format-assertion"] = Part("format-assertion", Format),
        [Base + "meta/content"] = Part("content", Content),
    }.ToImmutableDictionary(StringComparer.Ordinal);

    private const string Schema =
        """
        {"$id":"https://json-schema.org/draft/2020-12/schema","$dynamicAnchor":"meta","type":["object","boolean"],
         "allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/unevaluated"},{"$ref":"meta/validation"},
                  {"$ref":"meta/meta-data"},{"$ref":"meta/format-annotation"},{"$ref":"meta/content"}],
         "properties":{"definitions":{"additionalProperties":{"$dynamicRef":"#meta"}},
                       "dependencies":{"additionalProperties":{"anyOf":[{"$dynamicRef":"#meta"},{"type":"array","items":{"type":"string"}}]}}}}
        """;

    private const string Core =
        """
        "$id":{"type":"string","pattern":"^[^#]*#?$"},"$schema":{"type":"string"},"$ref":{"type":"string"},
        "$dynamicRef":{"type":"string"},"$anchor":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"},
        "$dynamicAnchor":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"},"$comment":{"type":"string"},
        "$vocabulary":{"type":"object","additionalProperties":{"type":"boolean"}},
        "$defs":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}}
        """;

    private const string Applicator =
        """
        "prefixItems":{"type":"array","minItems":1,"items":{"$dynamicRef":"#meta"}},"items":{"$dynamicRef":"#meta"},
        "contains":{"$dynamicRef":"#meta"},"additionalProperties":{"$dynamicRef":"#meta"},
        "properties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
        "patternProperties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
        "dependentSchemas":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
        "propertyNames":{"$dynamicRef":"#meta"},"if":{"$dynamicRef":"#meta"},"then":{"$dynamicRef":"#meta"},
        "else":{"$dynamicRef":"#meta"},"not":{"$dynamicRef":"#meta"},
        "allOf":{"type":"array","minItems":1,"items":{"$dynamicRef":"#meta"}},
        "anyOf":{"type":"array","minItems":1,"items":{"$dynamicRef":"#meta"}},
        "oneOf":{"type":"array","minItems":1,"items":{"$dynamicRef":"#meta"}}
        """;

    private const string Unevaluated =
        """
        "unevaluatedItems":{"$dynamicRef":"#meta"},"unevaluatedProperties":{"$dynamicRef":"#meta"}
        """;

    private const string Validation =
        """
        "type":{"anyOf":[{"$ref":"#/$defs/type"},{"type":"array","items":{"$ref":"#/$defs/type"},"minItems":1,"uniqueItems":true}]},
        "const":true,"enum":{"type":"array"},"multipleOf":{"type":"number","exclusiveMinimum":0},
        "maximum":{"type":"number"},"exclusiveMaximum":{"type":"number"},"minimum":{"type":"number"},
        "exclusiveMinimum":{"type":"number"},"maxLength":{"$ref":"#/$defs/count"},"minLength":{"$ref":"#/$defs/count"},
        "pattern":{"type":"string"},"maxItems":{"$ref":"#/$defs/count"},"minItems":{"$ref":"#/$defs/count"},
        "uniqueItems":{"type":"boolean"},"maxContains":{"$ref":"#/$defs/count"},"minContains":{"$ref":"#/$defs/count"},
        "maxProperties":{"$ref":"#/$defs/count"},"minProperties":{"$ref":"#/$defs/count"},
        "required":{"$ref":"#/$defs/names"},
        "dependentRequired":{"type":"object","additionalProperties":{"$ref":"#/$defs/names"}}
        """;

    private const string MetaData =
        """
        "title":{"type":"string"},"description":{"type":"string"},"deprecated":{"type":"boolean"},
        "readOnly":{"type":"boolean"},"writeOnly":{"type":"boolean"},"examples":{"type":"array"}
        """;

    private const string Format =
        """
        "format":{"type":"string"}
        """;

    private const string Content =
        """
        "contentEncoding":{"type":"string"},"contentMediaType":{"type":"string"},"contentSchema":{"$dynamicRef":"#meta"}
        """;

    private const string Definitions =
        """
        "type":{"enum":["array","boolean","integer","null","number","object","string"]},
        "count":{"type":"integer","minimum":0},
        "names":{"type":"array","items":{"type":"string"},"uniqueItems":true}
        """;

    private static string Part(string name, string properties) =>
        $$"""
        {"$id":"{{Base}}meta/{{name}}","$dynamicAnchor":"meta","type":["object","boolean"],
         "properties":{ {{properties}} },"$defs":{ {{Definitions}} } }
        """;
}
