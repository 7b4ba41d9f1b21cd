using System.Collections.Immutable;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>The change detector of one arm over a history, taken up again where the history changed since the last look.</summary>
/// <remarks>
/// A cache and no part of the state: what it says is, bit for bit, what a detector says that walks the whole history. Looks
/// come several times a second and the newest epochs alone have news, so a look costs a few epochs instead of hundreds.
/// </remarks>
internal sealed class CeilingWatch(CeilingTest test, ImmutableArray<int> strata, Arm arm)
{
    // Bets are kept at every eighth epoch: a tenth of the memory, and at most seven epochs to walk again.
    private const int Spacing = 8;

    private readonly CeilingDetector _detector = new(test);
    private readonly OutcomeLayout _layout = OutcomeLayout.Of(EvidenceGroup.Quality);
    private readonly List<(CountTable Counts, int Changes)> _seen = [];
    private readonly List<double[]> _kept = [];
    private double _logValue = double.NegativeInfinity;

    /// <summary>The detector's value in nats.</summary>
    public double LogValueOf(IReadOnlyList<EpochHistory.Epoch> epochs)
    {
        var same = 0;
        while (same < _seen.Count && same < epochs.Count
            && ReferenceEquals(_seen[same].Counts, epochs[same].Counts) && _seen[same].Changes == epochs[same].Counts.Changes)
        {
            same++;
        }

        if (same == epochs.Count && same == _seen.Count)
        {
            return _logValue;
        }

        if (same < _seen.Count)
        {
            GoBackTo(same / Spacing);
        }

        Span<long> counts = stackalloc long[test.Cells];
        for (var i = _seen.Count; i < epochs.Count; i++)
        {
            if (i % Spacing == 0)
            {
                _kept.Add([.. _detector.Bets]);
            }

            Gather(epochs[i].Counts, counts);
            _detector.Add(counts);
            _seen.Add((epochs[i].Counts, epochs[i].Counts.Changes));
        }

        return _logValue = _detector.LogValue;
    }

    /// <summary>The evidence of all counts of a stage, in nats.</summary>
    public double LogEOf(CountTable outcomes)
    {
        Span<long> counts = stackalloc long[test.Cells];
        Gather(outcomes, counts);
        return test.LogE(counts);
    }

    private void GoBackTo(int kept)
    {
        _detector.GoOnFrom(_kept[kept]);
        _kept.RemoveRange(kept, _kept.Count - kept);
        _seen.RemoveRange(kept * Spacing, _seen.Count - (kept * Spacing));
    }

    private void Gather(CountTable from, Span<long> to)
    {
        to.Clear();
        for (var s = 0; s < strata.Length; s++)
        {
            _layout.Gather(from.Of(arm, strata[s]), to.Slice(s * _layout.Categories, _layout.Categories));
        }
    }
}
