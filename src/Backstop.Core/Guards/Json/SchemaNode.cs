namespace Backstop.Core.Guards.Json;

/// <summary>One schema, compiled: all of its keywords must hold.</summary>
internal sealed class SchemaNode(SchemaResource home, bool? constant)
{
    public SchemaResource Home { get; } = home;

    /// <summary>For the schemas <c>true</c> and <c>false</c>.</summary>
    public bool? Constant { get; } = constant;

    /// <summary>In an order in which annotations are made before they are used.</summary>
    public List<SchemaKeyword> Keywords { get; } = [];
}

/// <summary>One keyword with its value.</summary>
internal abstract class SchemaKeyword(string name)
{
    public string Name { get; } = name;

    /// <param name="seen">The members and items that this schema has evaluated; null when nobody asks.</param>
    public abstract bool Holds(JsonValue value, Evaluation evaluation, Seen? seen);
}

/// <summary>Which members and items of a value some schema has looked at, for the <c>unevaluated</c> keywords.</summary>
internal sealed class Seen
{
    private HashSet<string>? _members;
    private HashSet<int>? _items;

    public void Member(string name) => (_members ??= new HashSet<string>(StringComparer.Ordinal)).Add(name);

    public void Item(int index) => (_items ??= []).Add(index);

    public bool HasMember(string name) => _members?.Contains(name) == true;

    public bool HasItem(int index) => _items?.Contains(index) == true;

    public void Include(Seen other)
    {
        if (other._members is { } members)
        {
            (_members ??= new HashSet<string>(StringComparer.Ordinal)).UnionWith(members);
        }

        if (other._items is { } items)
        {
            (_items ??= []).UnionWith(items);
        }
    }
}

/// <summary>One validation of one document.</summary>
internal sealed class Evaluation(bool tracks)
{
    // A schema may refer to itself without moving on in the document; the limit turns that into an error.
    private const int MostDepth = 1000;
    private readonly List<SchemaResource> _scope = [];
    private int _depth;
    private int _speculative;

    /// <summary>The first violation that no other branch could have made good.</summary>
    public SchemaViolation? First { get; private set; }

    /// <summary>The resources entered on the way here, outermost first: where <c>$dynamicRef</c> looks.</summary>
    public IReadOnlyList<SchemaResource> Scope => _scope;

    /// <param name="into">Where to note what was evaluated when the value fits; null to forget it.</param>
    public bool Check(SchemaNode node, JsonValue value, Seen? into)
    {
        if (node.Constant is { } constant)
        {
            return constant || Fail("false", value);
        }

        if (++_depth > MostDepth)
        {
            throw new JsonSchemaException("The schema refers to itself without end.");
        }

        _scope.Add(node.Home);
        var seen = tracks ? new Seen() : null;
        var holds = true;
        foreach (var keyword in node.Keywords)
        {
            if (!keyword.Holds(value, this, seen))
            {
                holds = Fail(keyword.Name, value);
                break;
            }
        }

        _scope.RemoveAt(_scope.Count - 1);
        _depth--;
        if (holds && seen is not null)
        {
            into?.Include(seen);
        }

        return holds;
    }

    /// <summary>As <see cref="Check"/>, where a violation may still be made good by another branch.</summary>
    public bool Try(SchemaNode node, JsonValue value, Seen? into)
    {
        _speculative++;
        var holds = Check(node, value, into);
        _speculative--;
        return holds;
    }

    private bool Fail(string keyword, JsonValue value)
    {
        if (_speculative == 0)
        {
            First ??= new SchemaViolation(keyword, value.Start, value.End);
        }

        return false;
    }
}
