namespace Backstop.Core.Guards;

/// <summary>What takes the place of something that must not be seen.</summary>
internal enum Redactor
{
    /// <summary>Its type in brackets.</summary>
    Redact,

    /// <summary>Stars, but for the last four characters.</summary>
    Mask,

    /// <summary>A token that the answer to the same request is turned back from.</summary>
    Token,
}

internal static class Redactors
{
    private const int Shown = 4;

    /// <summary>Reads the setting <c>fix</c>: <c>redact</c> (default), <c>mask</c> or <c>token</c>.</summary>
    public static Redactor Read(PolicyNode with) => with.Choice("fix", "redact", "mask", "token") switch
    {
        "mask" => Redactor.Mask,
        "token" => Redactor.Token,
        _ => Redactor.Redact,
    };

    public static string Replace(this Redactor redactor, string type, ReadOnlySpan<char> value, RingContext request) => redactor switch
    {
        Redactor.Mask => Mask(value),
        Redactor.Token => request.Tokens.TokenFor(type, value),
        _ => $"[{type}]",
    };

    // Signs between groups stay; of a short value nothing is shown.
    private static string Mask(ReadOnlySpan<char> value)
    {
        var masked = value.ToArray();
        var show = value.Length > Shown * 2 ? Shown : 0;
        for (var i = 0; i < masked.Length - show; i++)
        {
            masked[i] = char.IsLetterOrDigit(masked[i]) ? '*' : masked[i];
        }

        return new string(masked);
    }
}
