using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Which outcomes a group tells apart, in the order in which its tables hold them.</summary>
/// <param name="Bad">The bad categories. Three usual ones rise together; the rest is rare and only bet on one at a time.</param>
/// <param name="Joint">How many of them, from the first, may rise together.</param>
internal sealed record OutcomeLayout(EvidenceGroup Group, ImmutableArray<Outcome> Bad, int Joint)
{
    private static readonly OutcomeLayout Form = new(
        EvidenceGroup.Form,
        [Outcome.ToxicBlocked, Outcome.SchemaBlocked, Outcome.PiiBlocked, Outcome.Error, Outcome.Late, Outcome.InputBlocked],
        Joint: 2);

    private static readonly OutcomeLayout Quality = new(
        EvidenceGroup.Quality,
        [
            Outcome.ToxicBlocked, Outcome.SchemaBlocked, Outcome.Wrong,
            Outcome.PiiBlocked, Outcome.Error, Outcome.Late, Outcome.Unlabelled, Outcome.InputBlocked,
        ],
        Joint: 3);

    /// <summary>The layout of a group.</summary>
    public static OutcomeLayout Of(EvidenceGroup group) => group == EvidenceGroup.Form ? Form : Quality;

    /// <summary>Bad categories and the good one.</summary>
    public int Categories => Bad.Length + 1;

    /// <summary>By bad category: whether it only ever rises alone.</summary>
    public ImmutableArray<bool> Solo => [.. Bad.Select((_, y) => y >= Joint)];

    /// <summary>What a release never saw says nothing about it: carried in the counts, never bet on.</summary>
    public bool IsTilted(int category) => Bad[category] != Outcome.InputBlocked;

    /// <summary>Picks the values of the bad categories out of values by outcome.</summary>
    public ImmutableArray<double> Pick(ImmutableArray<double> byOutcome) => [.. Bad.Select(o => byOutcome[(int)o])];

    /// <summary>Adds counts by outcome to counts by category: what is not bad here is good.</summary>
    public void Gather(ReadOnlySpan<long> outcomes, Span<long> categories)
    {
        var total = 0L;
        foreach (var n in outcomes)
        {
            total += n;
        }

        for (var y = 0; y < Bad.Length; y++)
        {
            var n = outcomes[(int)Bad[y]];
            categories[y] += n;
            total -= n;
        }

        categories[Bad.Length] += total;
    }
}
