namespace Backstop.Core.Guards.Json;

/// <summary>A keyword that looks at one value and at nothing inside it that has a schema of its own.</summary>
internal sealed class Assertion(string name, Func<JsonValue, bool> holds) : SchemaKeyword(name)
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen) => holds(value);
}

/// <summary>The validation vocabulary of draft 2020-12. Each keyword speaks of one type and accepts all others.</summary>
internal static class SchemaAssertions
{
    public static IEnumerable<SchemaKeyword> Of(JsonValue.Map schema) =>
        schema.Members
            .Select(member => (member.Name, holds: Compile(member.Name, member.Value)))
            .Where(pair => pair.holds is not null)
            .Select(pair => new Assertion(pair.Name, pair.holds!));

    private static Func<JsonValue, bool>? Compile(string keyword, JsonValue setting) => (keyword, setting) switch
    {
        ("type", JsonValue.Text type) => value => IsOf(value, type.Value),
        ("type", JsonValue.List types) => value => types.Items.Any(type => type is JsonValue.Text text && IsOf(value, text.Value)),
        ("const", _) => value => JsonValue.Same(value, setting),
        ("enum", JsonValue.List allowed) => value => allowed.Items.Any(item => JsonValue.Same(value, item)),
        ("required", JsonValue.List names) => RequireAll(Texts(names)),
        ("dependentRequired", JsonValue.Map map) => DependOn(map),
        ("uniqueItems", JsonValue.Bool { Value: true }) => value => value is not JsonValue.List list || AllDiffer(list),
        ("pattern", JsonValue.Text pattern) => Match(pattern.Value),
        (_, JsonValue.Number limit) => Limit(keyword, limit.Value),
        _ => null,
    };

    private static Func<JsonValue, bool>? Limit(string keyword, JsonNumber limit) => keyword switch
    {
        "maximum" => OfNumber(number => number.Compare(limit) <= 0),
        "minimum" => OfNumber(number => number.Compare(limit) >= 0),
        "exclusiveMaximum" => OfNumber(number => number.Compare(limit) < 0),
        "exclusiveMinimum" => OfNumber(number => number.Compare(limit) > 0),
        "multipleOf" when limit.Mantissa.Sign > 0 => OfNumber(number => number.IsMultipleOf(limit)),
        "multipleOf" => throw new JsonSchemaException("multipleOf must be greater than zero."),
        "maxLength" => OfCount(Characters, count => count.Compare(limit) <= 0),
        "minLength" => OfCount(Characters, count => count.Compare(limit) >= 0),
        "maxItems" => OfCount(ItemCount, count => count.Compare(limit) <= 0),
        "minItems" => OfCount(ItemCount, count => count.Compare(limit) >= 0),
        "maxProperties" => OfCount(MemberCount, count => count.Compare(limit) <= 0),
        "minProperties" => OfCount(MemberCount, count => count.Compare(limit) >= 0),
        _ => null,
    };

    private static bool IsOf(JsonValue value, string type) =>
        value.Type == type || (type == "integer" && value is JsonValue.Number { Value.IsInteger: true });

    private static Func<JsonValue, bool> OfNumber(Func<JsonNumber, bool> holds) =>
        value => value is not JsonValue.Number number || holds(number.Value);

    private static Func<JsonValue, bool> OfCount(Func<JsonValue, int?> count, Func<JsonNumber, bool> holds) =>
        value => count(value) is not { } counted || holds(new JsonNumber(counted, 0));

    private static int? ItemCount(JsonValue value) => (value as JsonValue.List)?.Items.Count;

    private static int? MemberCount(JsonValue value) => (value as JsonValue.Map)?.Members.Count;

    // Lengths count code points, not UTF-16 units.
    private static int? Characters(JsonValue value) =>
        value is JsonValue.Text text ? text.Value.EnumerateRunes().Count() : null;

    private static Func<JsonValue, bool> RequireAll(IReadOnlyList<string> names) =>
        value => value is not JsonValue.Map map || names.All(name => map.Find(name) is not null);

    private static Func<JsonValue, bool> DependOn(JsonValue.Map dependencies)
    {
        var rules = dependencies.Members
            .Select(member => (member.Name, needs: RequireAll(member.Value is JsonValue.List list ? Texts(list) : [])))
            .ToList();
        return value => value is not JsonValue.Map map || rules.TrueForAll(rule => map.Find(rule.Name) is null || rule.needs(map));
    }

    private static Func<JsonValue, bool> Match(string pattern)
    {
        var regex = SchemaPattern.Compile(pattern);
        return value => value is not JsonValue.Text text || regex.IsMatch(text.Value);
    }

    private static bool AllDiffer(JsonValue.List list)
    {
        var met = new HashSet<string>(StringComparer.Ordinal);
        return list.Items.All(item => met.Add(item.Canonical()));
    }

    private static List<string> Texts(JsonValue.List list) => [.. list.Items.OfType<JsonValue.Text>().Select(text => text.Value)];
}
