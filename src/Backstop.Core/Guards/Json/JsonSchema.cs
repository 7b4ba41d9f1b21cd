namespace Backstop.Core.Guards.Json;

/// <summary>What a document breaks first.</summary>
/// <param name="Keyword">The keyword of the schema, such as <c>required</c>.</param>
/// <param name="Start">Where the offending value stands in the text.</param>
public sealed record SchemaViolation(string Keyword, int Start, int End);

/// <summary>A schema that cannot be used. The message says which part.</summary>
public sealed class JsonSchemaException : Exception
{
    public JsonSchemaException()
    {
    }

    public JsonSchemaException(string message)
        : base(message)
    {
    }

    public JsonSchemaException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A compiled JSON Schema of draft 2020-12, immutable and shared by all requests.</summary>
/// <remarks>
/// References are resolved when the schema is compiled, inside the document and the documents given with it; nothing is ever
/// fetched. Patterns must be ones that take linear time. <c>format</c> and <c>content*</c> are annotations, the draft's default.
/// </remarks>
public sealed class JsonSchema
{
    private readonly SchemaNode _root;
    private readonly bool _tracks;

    private JsonSchema(SchemaNode root, bool tracks) => (_root, _tracks) = (root, tracks);

    /// <param name="documents">Further schemas that may be referred to, by absolute URI.</param>
    /// <exception cref="JsonSchemaException">The schema is not JSON, refers to nothing, or has a pattern that is not linear.</exception>
    public static JsonSchema Compile(string schema, IReadOnlyDictionary<string, string>? documents = null)
    {
        var registry = new SchemaRegistry(documents ?? new Dictionary<string, string>());
        var home = registry.Load(SchemaRegistry.DefaultUri, SchemaRegistry.Parse(schema, "the schema"));
        var compiler = new SchemaCompiler(registry);
        var root = compiler.NodeOf(home.Root, home);
        return new JsonSchema(root, compiler.UsesUnevaluated);
    }

    /// <returns>Null when the value fits.</returns>
    public SchemaViolation? Validate(JsonValue value)
    {
        var evaluation = new Evaluation(_tracks);
        return evaluation.Check(_root, value, into: null) ? null : evaluation.First ?? new SchemaViolation("schema", value.Start, value.End);
    }
}
