using System.Text;

namespace Backstop.Core.Guards.Json;

/// <summary>A JSON value that knows where in its text it stands.</summary>
public abstract class JsonValue
{
    /// <summary>Position of its first character.</summary>
    public int Start { get; internal init; }

    /// <summary>Position after its last character.</summary>
    public int End { get; internal set; }

    /// <summary>The name of its type in JSON Schema; whole numbers are <c>number</c> too.</summary>
    public abstract string Type { get; }

    /// <summary>Whether two values are equal as JSON Schema has it: numbers by value, objects without order.</summary>
    public static bool Same(JsonValue a, JsonValue b) => (a, b) switch
    {
        (Null, Null) => true,
        (Bool x, Bool y) => x.Value == y.Value,
        (Number x, Number y) => x.Value.Compare(y.Value) == 0,
        (Text x, Text y) => x.Value == y.Value,
        (List x, List y) => x.Items.Count == y.Items.Count && x.Items.Zip(y.Items).All(pair => Same(pair.First, pair.Second)),
        (Map x, Map y) => x.Members.Count == y.Members.Count
            && x.Members.All(member => y.Find(member.Name) is { } other && Same(member.Value, other)),
        _ => false,
    };

    /// <summary>A text that is the same for equal values and differs for others.</summary>
    public string Canonical()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    protected abstract void Write(StringBuilder text);

    public sealed class Null : JsonValue
    {
        public override string Type => "null";

        protected override void Write(StringBuilder text) => text.Append("null");
    }

    public sealed class Bool(bool value) : JsonValue
    {
        public bool Value { get; } = value;

        public override string Type => "boolean";

        protected override void Write(StringBuilder text) => text.Append(Value ? "true" : "false");
    }

    public sealed class Number(JsonNumber value) : JsonValue
    {
        public JsonNumber Value { get; } = value;

        public override string Type => "number";

        protected override void Write(StringBuilder text) => text.Append(Value.ToString());
    }

    public sealed class Text(string value) : JsonValue
    {
        public string Value { get; } = value;

        public override string Type => "string";

        protected override void Write(StringBuilder text) => Quote(text, Value);
    }

    public sealed class List(IReadOnlyList<JsonValue> items) : JsonValue
    {
        public IReadOnlyList<JsonValue> Items { get; } = items;

        public override string Type => "array";

        protected override void Write(StringBuilder text)
        {
            text.Append('[');
            for (var i = 0; i < Items.Count; i++)
            {
                text.Append(i > 0 ? "," : "");
                Items[i].Write(text);
            }

            text.Append(']');
        }
    }

    public sealed class Map(IReadOnlyList<(string Name, JsonValue Value)> members) : JsonValue
    {
        private const int WorthAnIndex = 8;
        private Dictionary<string, JsonValue>? _index;

        /// <summary>In the order of the text. Of a name given twice the last value counts, as everywhere in practice.</summary>
        public IReadOnlyList<(string Name, JsonValue Value)> Members { get; } = members;

        public override string Type => "object";

        public JsonValue? Find(string name)
        {
            if (Members.Count > WorthAnIndex)
            {
                _index ??= Members.ToDictionary(member => member.Name, member => member.Value);
                return _index.GetValueOrDefault(name);
            }

            foreach (var member in Members)
            {
                if (member.Name == name)
                {
                    return member.Value;
                }
            }

            return null;
        }

        protected override void Write(StringBuilder text)
        {
            text.Append('{');
            var first = true;
            foreach (var (name, value) in Members.OrderBy(member => member.Name, StringComparer.Ordinal))
            {
                text.Append(first ? "" : ",");
                Quote(text, name);
                text.Append(':');
                value.Write(text);
                first = false;
            }

            text.Append('}');
        }
    }

    private static void Quote(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c is '"' or '\\' || c < ' ' ? text.Append($"\\u{(int)c:x4}") : text.Append(c);
        }

        text.Append('"');
    }
}
