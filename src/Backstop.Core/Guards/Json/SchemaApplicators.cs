using System.Text.RegularExpressions;

namespace Backstop.Core.Guards.Json;

internal sealed class AllOf(string name, IReadOnlyList<SchemaNode> nodes) : SchemaKeyword(name)
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen) =>
        nodes.All(node => evaluation.Check(node, value, seen));
}

internal sealed class AnyOf(IReadOnlyList<SchemaNode> nodes) : SchemaKeyword("anyOf")
{
    // Every branch that fits leaves its annotations, so none may be skipped while somebody collects them.
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen)
    {
        var any = false;
        foreach (var node in nodes)
        {
            any |= evaluation.Try(node, value, seen);
            if (any && seen is null)
            {
                return true;
            }
        }

        return any;
    }
}

internal sealed class OneOf(IReadOnlyList<SchemaNode> nodes) : SchemaKeyword("oneOf")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen) =>
        nodes.Count(node => evaluation.Try(node, value, seen)) == 1;
}

internal sealed class Not(SchemaNode node) : SchemaKeyword("not")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen) => !evaluation.Try(node, value, into: null);
}

internal sealed class IfThenElse(SchemaNode condition, SchemaNode? then, SchemaNode? otherwise) : SchemaKeyword("if")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen)
    {
        var branch = evaluation.Try(condition, value, seen) ? then : otherwise;
        return branch is null || evaluation.Check(branch, value, seen);
    }
}

/// <summary><c>$dynamicRef</c> to a dynamic anchor: the outermost resource on the way here that has the anchor is meant.</summary>
internal sealed class DynamicRef(string anchor, SchemaNode lexical, SchemaCompiler compiler) : SchemaKeyword("$dynamicRef")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen)
    {
        foreach (var resource in evaluation.Scope)
        {
            if (resource.DynamicAnchors.TryGetValue(anchor, out var schema))
            {
                return evaluation.Check(compiler.Compiled(schema), value, seen);
            }
        }

        return evaluation.Check(lexical, value, seen);
    }
}

internal sealed class DependentSchemas(IReadOnlyList<(string Name, SchemaNode Node)> nodes) : SchemaKeyword("dependentSchemas")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen) =>
        value is not JsonValue.Map map
            || nodes.All(dependent => map.Find(dependent.Name) is null || evaluation.Check(dependent.Node, value, seen));
}

/// <summary><c>properties</c>, <c>patternProperties</c> and <c>additionalProperties</c>, which depend on each other.</summary>
internal sealed class Properties(
    IReadOnlyDictionary<string, SchemaNode> named, IReadOnlyList<(Regex Pattern, SchemaNode Node)> patterns, SchemaNode? additional)
    : SchemaKeyword("properties")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen)
    {
        if (value is not JsonValue.Map map)
        {
            return true;
        }

        foreach (var (name, member) in map.Members)
        {
            if (!MemberHolds(name, member, evaluation, seen))
            {
                return false;
            }
        }

        return true;
    }

    private bool MemberHolds(string name, JsonValue member, Evaluation evaluation, Seen? seen)
    {
        var matched = false;
        if (named.TryGetValue(name, out var node))
        {
            matched = true;
            if (!evaluation.Check(node, member, into: null))
            {
                return false;
            }
        }

        foreach (var (pattern, patternNode) in patterns)
        {
            if (pattern.IsMatch(name))
            {
                matched = true;
                if (!evaluation.Check(patternNode, member, into: null))
                {
                    return false;
                }
            }
        }

        if (!matched && additional is not null)
        {
            matched = true;
            if (!evaluation.Check(additional, member, into: null))
            {
                return false;
            }
        }

        if (matched)
        {
            seen?.Member(name);
        }

        return true;
    }
}

internal sealed class PropertyNames(SchemaNode node) : SchemaKeyword("propertyNames")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen) =>
        value is not JsonValue.Map map || map.Members.All(member => evaluation.Check(
            node, new JsonValue.Text(member.Name) { Start = member.Value.Start, End = member.Value.End }, into: null));
}

/// <summary><c>prefixItems</c> and <c>items</c>.</summary>
internal sealed class Items(IReadOnlyList<SchemaNode> prefix, SchemaNode? rest) : SchemaKeyword("items")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen)
    {
        if (value is not JsonValue.List list)
        {
            return true;
        }

        for (var i = 0; i < list.Items.Count; i++)
        {
            var node = i < prefix.Count ? prefix[i] : rest;
            if (node is null)
            {
                return true;
            }

            if (!evaluation.Check(node, list.Items[i], into: null))
            {
                return false;
            }

            seen?.Item(i);
        }

        return true;
    }
}

internal sealed class Contains(SchemaNode node, JsonNumber least, JsonNumber? most) : SchemaKeyword("contains")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen)
    {
        if (value is not JsonValue.List list)
        {
            return true;
        }

        var found = 0;
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (evaluation.Try(node, list.Items[i], into: null))
            {
                found++;
                seen?.Item(i);
            }
        }

        var count = new JsonNumber(found, 0);
        return count.Compare(least) >= 0 && (most is not { } limit || count.Compare(limit) <= 0);
    }
}

internal sealed class UnevaluatedProperties(SchemaNode node) : SchemaKeyword("unevaluatedProperties")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen)
    {
        if (value is not JsonValue.Map map)
        {
            return true;
        }

        foreach (var (name, member) in map.Members)
        {
            if (!seen!.HasMember(name))
            {
                if (!evaluation.Check(node, member, into: null))
                {
                    return false;
                }

                seen.Member(name);
            }
        }

        return true;
    }
}

internal sealed class UnevaluatedItems(SchemaNode node) : SchemaKeyword("unevaluatedItems")
{
    public override bool Holds(JsonValue value, Evaluation evaluation, Seen? seen)
    {
        if (value is not JsonValue.List list)
        {
            return true;
        }

        for (var i = 0; i < list.Items.Count; i++)
        {
            if (!seen!.HasItem(i))
            {
                if (!evaluation.Check(node, list.Items[i], into: null))
                {
                    return false;
                }

                seen.Item(i);
            }
        }

        return true;
    }
}
