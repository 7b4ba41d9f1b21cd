using System.Globalization;
using System.Text.RegularExpressions;
using Backstop.Control.Api;

namespace Backstop.Control.Mlflow;

/// <summary>MLflow's language of search: comparisons joined by AND, an order, and a page.</summary>
internal static partial class ModelSearch
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Those that a filter lets through.</summary>
    /// <param name="items">What is searched.</param>
    /// <param name="filter">Such as <c>name = 'assistant' AND tags.team LIKE 'rank%'</c>; null for all.</param>
    /// <param name="value">The value of an attribute such as <c>name</c> or <c>tags.team</c>: a text, a number, or null when it has none.</param>
    /// <param name="attributes">The attributes there are, besides tags.</param>
    /// <exception cref="RefusedException">The filter is not one.</exception>
    public static IEnumerable<T> Where<T>(IEnumerable<T> items, string? filter, Func<T, string, object?> value, string[] attributes)
    {
        var conditions = string.IsNullOrWhiteSpace(filter) ? [] : Read(filter, attributes);
        return items.Where(item => conditions.All(c => c.Holds(value(item, c.Attribute))));
    }

    /// <summary>The same in an order such as <c>name DESC</c>.</summary>
    /// <exception cref="RefusedException">The order names nothing that there is.</exception>
    public static IEnumerable<T> Order<T>(IEnumerable<T> items, IEnumerable<string?> by, Func<T, string, object?> value, string[] attributes)
    {
        var ordered = items.OrderBy(_ => 0);
        foreach (var one in by.SelectMany(b => (b ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)))
        {
            var words = one.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length is 0 or > 2 || !attributes.Contains(words[0], StringComparer.Ordinal) || (words.Length == 2 && words[1].ToUpperInvariant() is not ("ASC" or "DESC")))
            {
                throw RefusedException.Invalid($"'{one}' is no order: write one of {string.Join(", ", attributes)}, and ASC or DESC behind it.");
            }

            var down = words.Length == 2 && words[1].Equals("DESC", StringComparison.OrdinalIgnoreCase);
            ordered = down ? ordered.ThenByDescending(Key, Values) : ordered.ThenBy(Key, Values);

            object? Key(T item) => value(item, words[0]);
        }

        return ordered;
    }

    private static readonly Comparer<object?> Values = Comparer<object?>.Create((a, b) =>
        a is long x && b is long y ? x.CompareTo(y) : string.CompareOrdinal(a as string, b as string));

    private static List<Condition> Read(string filter, string[] attributes)
    {
        var conditions = new List<Condition>();
        var at = 0;
        do
        {
            var match = Comparison().Match(filter, at);
            var attribute = match.Groups["attribute"].Value.Replace("`", "", StringComparison.Ordinal).Replace("tag.", "tags.", StringComparison.Ordinal);
            if (!match.Success || match.Index != at || !(attribute.StartsWith("tags.", StringComparison.Ordinal) || attributes.Contains(attribute, StringComparer.Ordinal)))
            {
                throw RefusedException.Invalid(
                    $"'{filter}' is no filter from its character {at + 1} on: write comparisons such as name = 'assistant' or tags.team LIKE 'rank%', joined by AND; attributes are {string.Join(", ", attributes)} and tags.KEY.");
            }

            conditions.Add(new(attribute, match.Groups["operator"].Value.ToUpperInvariant(), [.. match.Groups["value"].Captures.Select(c => c.Value.Trim('\'', '"'))]));
            at = match.Index + match.Length;
        }
        while (at < filter.Length);

        return conditions;
    }

    private sealed record Condition(string Attribute, string Operator, string[] Values)
    {
        public bool Holds(object? actual) => actual switch
        {
            null => false,
            long number => Holds(number),
            string text => Operator switch
            {
                "=" => text == Values[0],
                "!=" => text != Values[0],
                "LIKE" => Like(text, RegexOptions.None),
                "ILIKE" => Like(text, RegexOptions.IgnoreCase),
                "IN" => Values.Contains(text, StringComparer.Ordinal),
                _ => throw RefusedException.Invalid($"'{Operator}' does not compare texts such as {Attribute}: use =, !=, LIKE, ILIKE or IN."),
            },
            _ => throw new System.Diagnostics.UnreachableException(),
        };

        private bool Holds(long actual)
        {
            if (!long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var wanted))
            {
                throw RefusedException.Invalid($"{Attribute} is a number, and '{Values[0]}' is none.");
            }

            return Operator switch
            {
                "=" => actual == wanted,
                "!=" => actual != wanted,
                "<" => actual < wanted,
                "<=" => actual <= wanted,
                ">" => actual > wanted,
                ">=" => actual >= wanted,
                _ => throw RefusedException.Invalid($"'{Operator}' does not compare numbers such as {Attribute}."),
            };
        }

        // % stands for any text and _ for any character, as in SQL.
        private bool Like(string text, RegexOptions options) => Regex.IsMatch(
            text,
            "^" + Regex.Escape(Values[0]).Replace("%", ".*", StringComparison.Ordinal).Replace("_", ".", StringComparison.Ordinal) + "$",
            options | RegexOptions.Singleline | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking,
            Patience);
    }

    [GeneratedRegex(
        """\s*(?<attribute>[\w.]+(\.`[^`]*`)?)\s*(?<operator>!=|<=|>=|=|<|>|I?LIKE\b|IN\b)\s*(\(\s*(?<value>'[^']*')(\s*,\s*(?<value>'[^']*'))*\s*\)|(?<value>'[^']*'|"[^"]*"|-?\d+))\s*(AND\b(?=.)|$)""",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Comparison();
}
