using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Backstop.Core.Gates;

/// <summary>Variants of an incident's fault, so that a gate does not only know the very questions it was made of.</summary>
public static partial class FaultVariants
{
    /// <summary>Half the cases asked of the bad release and half of the good one: a fault of half the size.</summary>
    public const string Half = "half";

    /// <summary>The same questions in other words.</summary>
    public const string Reworded = "reworded";

    /// <summary>Made-up values where redaction took the real ones out.</summary>
    public const string Surrogates = "surrogates";

    private static readonly ImmutableSortedDictionary<string, string> MadeUp = ImmutableSortedDictionary.CreateRange(
        StringComparer.Ordinal,
        [
            KeyValuePair.Create("EMAIL_ADDRESS", "kim.doe@example.com"),
            KeyValuePair.Create("PHONE_NUMBER", "+1 202 555 0143"),
            KeyValuePair.Create("PERSON", "Kim Doe"),
            KeyValuePair.Create("CREDIT_CARD", "4111 1111 1111 1111"),
            KeyValuePair.Create("IP_ADDRESS", "192.0.2.7"),
            KeyValuePair.Create("IBAN_CODE", "GB82 WEST 1234 5698 7654 32"),
            KeyValuePair.Create("URL", "https://example.com/page"),
        ]);

    /// <summary>The cases with the last thing that the user says put politely. The right answers stay the same.</summary>
    public static ImmutableArray<GateCase> Reword(ImmutableArray<GateCase> cases) => [.. cases.Select(c => c with
    {
        Messages = c.Messages.ToList().FindLastIndex(m => m.Role == "user") is >= 0 and var last
            ? c.Messages.SetItem(last, c.Messages[last] with { Content = $"Could you help me with something? {c.Messages[last].Content} Thank you in advance." })
            : c.Messages,
    })];

    /// <summary>The cases with made-up values in the place of redaction's marks; null where there is no mark.</summary>
    public static ImmutableArray<GateCase>? WithSurrogates(ImmutableArray<GateCase> cases)
    {
        var marked = false;
        ImmutableArray<GateCase> filled = [.. cases.Select(c => c with { Messages = [.. c.Messages.Select(m => m with { Content = Mark().Replace(m.Content, Fill) })] })];
        return marked ? filled : null;

        string Fill(Match mark)
        {
            marked = true;
            return MadeUp.GetValueOrDefault(mark.Groups["type"].Value, "7315");
        }
    }

    [GeneratedRegex(@"\[(?<type>[A-Z][A-Z_]{2,39})\]", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Mark();
}

/// <summary>What the finished gate did about a variant of the fault.</summary>
/// <param name="Name">Such as <see cref="FaultVariants.Half"/>.</param>
/// <param name="Bad">The fault's answers.</param>
/// <param name="Good">The good release's answers to the same questions; null where they are in <paramref name="Bad"/> already.</param>
/// <param name="Stopped">Whether the gate stops it; null when that says nothing, because the good release does not pass either.</param>
public sealed record FaultVariant(string Name, RunCounts Bad, RunCounts? Good, bool? Stopped);
