namespace Backstop.Core.Access;

/// <summary>Names aliases: one, such as <c>assistant:prod</c>, or many with <c>*</c> for a whole half or for everything.</summary>
/// <remarks>
/// A star stands for a half and not for a part of one: <c>assist*</c> would also let in what somebody creates next week, and
/// matching stays two comparisons on the path of every request.
/// </remarks>
public sealed record AliasPattern
{
    private readonly string? _family;
    private readonly string? _stage;

    private AliasPattern(string text, string? family, string? stage) => (Text, _family, _stage) = (text, family, stage);

    /// <summary>Every alias.</summary>
    public static AliasPattern All { get; } = new("*", null, null);

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>Whether it names every alias there can be.</summary>
    public bool IsAll => _family is null && _stage is null;

    /// <summary>Reads <c>assistant:prod</c>, <c>assistant:*</c>, <c>*:prod</c> or <c>*</c>; null when it is none of them.</summary>
    public static AliasPattern? Parse(string text)
    {
        if (text is "*" or "*:*")
        {
            return All;
        }

        return text.Split(':') is [var family, var stage] && Half(family) && Half(stage)
            ? new(text, family == "*" ? null : family, stage == "*" ? null : stage)
            : null;
    }

    /// <summary>Whether it names this alias.</summary>
    public bool Names(ReadOnlySpan<char> alias)
    {
        if (IsAll)
        {
            return true;
        }

        var colon = alias.IndexOf(':');
        return colon > 0
            && (_family is null || alias[..colon].SequenceEqual(_family))
            && (_stage is null || alias[(colon + 1)..].SequenceEqual(_stage));
    }

    private static bool Half(string text) => text == "*" || Core.Text.Names.IsValid(text);
}
