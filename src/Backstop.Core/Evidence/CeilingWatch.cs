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
    private readonly List<double[]> _kept = [];
    private EpochHistory? _history;
    private long _clock;
    private int _walked;
    private double _logValue = double.NegativeInfinity;

    /// <summary>The detector's value in nats.</summary>
    public double LogValueOf(EpochHistory history)
    {
        if (history != _history)
        {
            (_history, _clock) = (history, -1);
        }

        var same = Math.Min(history.FirstChangedSince(_clock), _walked);
        if (same == history.Epochs.Count && same == _walked)
        {
            return _logValue;
        }

        if (same < _walked)
        {
            GoBackTo(same / Spacing);
        }

        _clock = history.Clock;
        Span<long> counts = stackalloc long[test.Cells];
        for (; _walked < history.Epochs.Count; _walked++)
        {
            if (_walked % Spacing == 0)
            {
                _kept.Add([.. _detector.Bets]);
            }

            Gather(history.Epochs[_walked].Counts, counts);
            _detector.Add(counts);
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
        _walked = kept * Spacing;
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
