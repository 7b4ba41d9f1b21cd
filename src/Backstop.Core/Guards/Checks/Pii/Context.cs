using System.Collections.Frozen;

namespace Backstop.Core.Guards.Checks.Pii;

/// <summary>Looks for a word that says what a number is, in the few words before it.</summary>
internal static class Context
{
    // Less than the lookback that a stream keeps, so that the finished text shows no more than the stream did.
    private const int Reach = 56;

    public static readonly FrozenSet<string> Phone = Words(
        "phone telephone tel mobile cell cellphone call calls called fax dial ring reach contact hotline whatsapp sms text "
        + "answering registered landline office teléfono telefon telefono téléphone handy");

    public static readonly FrozenSet<string> Ssn = Words("ssn social ss");

    public static readonly FrozenSet<string> Routing = Words("routing aba rtn transit");

    public static readonly FrozenSet<string> Provider = Words("npi provider physician");

    public static readonly FrozenSet<string> Version = Words("version versions v ver release section chapter build");

    /// <summary>Whether one of the words stands shortly before <paramref name="start"/>.</summary>
    public static bool Says(ReadOnlySpan<char> text, int start, FrozenSet<string> words)
    {
        var before = text[Math.Max(0, start - Reach)..start];
        var lookup = words.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> lower = stackalloc char[16];
        for (var i = 0; i < before.Length;)
        {
            if (!char.IsLetter(before[i]))
            {
                i++;
                continue;
            }

            var end = i;
            while (end < before.Length && char.IsLetter(before[end]))
            {
                end++;
            }

            // A word cut off by the reach is not the word it looks like.
            if (end - i <= lower.Length && (i > 0 || start <= Reach))
            {
                var length = before[i..end].ToLowerInvariant(lower);
                if (lookup.Contains(lower[..length]))
                {
                    return true;
                }
            }

            i = end;
        }

        return false;
    }

    private static FrozenSet<string> Words(string list) => list.Split(' ').ToFrozenSet(StringComparer.Ordinal);
}
