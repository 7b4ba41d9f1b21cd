using System.Globalization;

namespace Backstop.Core.Guards.Text;

/// <summary>The identifiers and numbers that a request brought with it: an answer may repeat these and has no business with others.</summary>
public sealed class Grounds
{
    private const int LongestToken = 128;
    private readonly HashSet<ulong> _tokens = [];
    private readonly HashSet<double> _numbers = [];

    public static Grounds Of(RingContext request)
    {
        var grounds = new Grounds();
        foreach (var message in request.Messages)
        {
            grounds.Read(message.Text);
        }

        grounds.Read(request.Prompt ?? "");
        return grounds;
    }

    public bool HasToken(ReadOnlySpan<char> token) => _tokens.Contains(KeyOf(token));

    public bool HasNumber(double number) => _numbers.Contains(Math.Abs(number));

    /// <summary>Finds the next token, an unbroken run of letters, digits and the signs that join them in identifiers.</summary>
    /// <returns>Its length; 0 when there is none, -1 when it may go on in text to come.</returns>
    public static int NextToken(ReadOnlySpan<char> text, ref int at, bool final)
    {
        while (at < text.Length && !char.IsLetterOrDigit(text[at]))
        {
            at++;
        }

        if (at == text.Length)
        {
            return 0;
        }

        var end = at;
        while (end < text.Length && end - at < LongestToken && (char.IsLetterOrDigit(text[end]) || IsJoint(text[end])))
        {
            end++;
        }

        return end == text.Length && !final && end - at < LongestToken ? -1 : text[at..end].TrimEnd("-_./@:+").Length;
    }

    /// <summary>Reads the number that begins at <paramref name="at"/>: <c>1,234.50</c>, <c>1.234,50</c>, <c>1 234</c>.</summary>
    /// <returns>Its length, or 0.</returns>
    public static int NumberAt(ReadOnlySpan<char> text, int at, out double number)
    {
        number = 0;
        var end = at;
        while (end < text.Length && end - at < 32
            && (char.IsAsciiDigit(text[end]) || (text[end] is '.' or ',' && end + 1 < text.Length && char.IsAsciiDigit(text[end + 1]))))
        {
            end++;
        }

        if (end == at)
        {
            return 0;
        }

        // The last sign parts the decimals, unless it stands before three digits and so between thousands.
        Span<char> plain = stackalloc char[32];
        var count = 0;
        var run = text[at..end];
        var last = run.LastIndexOfAny('.', ',');
        var decimals = last >= 0 && (run.Length - last != 4 || run[..last].Contains(run[last] == '.' ? ',' : '.'));
        for (var i = 0; i < run.Length; i++)
        {
            if (char.IsAsciiDigit(run[i]) || (i == last && decimals))
            {
                plain[count++] = char.IsAsciiDigit(run[i]) ? run[i] : '.';
            }
        }

        _ = double.TryParse(plain[..count], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
        return end - at;
    }

    private static bool IsJoint(char c) => c is '-' or '_' or '.' or '/' or '@' or ':' or '+';

    private void Read(string text)
    {
        var at = 0;
        while (NextToken(text, ref at, final: true) is var length && length > 0)
        {
            var token = text.AsSpan(at, length);
            _tokens.Add(KeyOf(token));

            // "Order AB-123/2" also brings AB-123.
            foreach (var part in token.SplitAny("/@:."))
            {
                _tokens.Add(KeyOf(token[part]));
            }

            at += length;
        }

        for (at = 0; at < text.Length;)
        {
            var length = NumberAt(text, at, out var number);
            if (length > 0)
            {
                _numbers.Add(number);
            }

            at += Math.Max(length, 1);
        }
    }

    // What joins the parts of an identifier is taste: "AB-123 45" is "ab12345".
    private static ulong KeyOf(ReadOnlySpan<char> token)
    {
        Span<char> plain = stackalloc char[LongestToken];
        var count = 0;
        foreach (var c in token)
        {
            if (char.IsLetterOrDigit(c))
            {
                plain[count++] = c;
            }
        }

        return WordHash.Of(plain[..count]);
    }
}
