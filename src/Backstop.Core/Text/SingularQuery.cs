using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Backstop.Core.Text;

/// <summary>A JSONPath that names one place of a document, such as <c>$.usage.completion_tokens</c> or <c>$.choices[0]['x y']</c>: a singular query of RFC 9535.</summary>
public sealed record SingularQuery
{
    private readonly ImmutableArray<(string? Name, int Index)> _steps;

    private SingularQuery(string text, ImmutableArray<(string? Name, int Index)> steps) => (Text, _steps) = (text, steps);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>The last name in it: a document without that name has nothing there. Null when it has none.</summary>
    public string? LastName => _steps.LastOrDefault(step => step.Name is not null).Name;

    /// <summary>Reads a query; null when it is none, or one that could find several places.</summary>
    public static SingularQuery? Parse(string text)
    {
        if (!text.StartsWith('$'))
        {
            return null;
        }

        var steps = ImmutableArray.CreateBuilder<(string? Name, int Index)>();
        for (var rest = text.AsSpan(1); !rest.IsEmpty;)
        {
            if (Next(ref rest) is not { } step)
            {
                return null;
            }

            steps.Add(step);
        }

        return new(text, steps.ToImmutable());
    }

    /// <summary>The number at the place, where true is 1 and false 0; null when something else is there, or nothing.</summary>
    public double? NumberIn(JsonElement document)
    {
        var at = document;
        foreach (var (name, index) in _steps)
        {
            if (name is not null)
            {
                if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                {
                    return null;
                }
            }
            else if (at.ValueKind == JsonValueKind.Array && (index < 0 ? index + at.GetArrayLength() : index) is var place && place >= 0 && place < at.GetArrayLength())
            {
                at = at[place];
            }
            else
            {
                return null;
            }
        }

        return at.ValueKind switch
        {
            JsonValueKind.Number when at.TryGetDouble(out var number) && double.IsFinite(number) => number,
            JsonValueKind.True => 1,
            JsonValueKind.False => 0,
            _ => null,
        };
    }

    private static (string? Name, int Index)? Next(ref ReadOnlySpan<char> rest)
    {
        if (rest[0] == '.')
        {
            var length = 1;
            while (length < rest.Length && (char.IsAsciiLetterOrDigit(rest[length]) || rest[length] is '_' or >= '\u0080'))
            {
                length++;
            }

            var name = rest[1..length].ToString();
            rest = rest[length..];
            return name.Length == 0 || char.IsAsciiDigit(name[0]) ? null : (name, 0);
        }

        var quoted = rest.Length > 2 && rest[0] == '[' && rest[1] is '\'' or '"';
        var end = quoted ? rest[2..].IndexOf(rest[1]) + 3 : rest.IndexOf(']');
        if (rest[0] != '[' || end < 2 || end >= rest.Length || rest[end] != ']')
        {
            return null;
        }

        var inside = rest[1..end];
        rest = rest[(end + 1)..];
        return quoted ? (inside[1..^1].Contains('\\') ? null : (inside[1..^1].ToString(), 0))
            : int.TryParse(inside, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index) ? (null, index)
            : null;
    }

    /// <inheritdoc/>
    public bool Equals(SingularQuery? other) => other?.Text == Text;

    /// <inheritdoc/>
    public override int GetHashCode() => Text.Length;
}
