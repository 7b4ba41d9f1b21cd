using System.Runtime.CompilerServices;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>The counts of one assignment epoch of one stage until each group of them was shipped.</summary>
/// <remarks>
/// It is used again for another epoch: ten thousand aliases open as many a second, and who lives for some seconds is what costs the
/// garbage collector most. A ticket is of one turn of it.
/// </remarks>
internal sealed class OpenEpoch
{
    private const int Lines = 4;

    private EvidenceKey _key;
    private TimeSpan _labelDeadline;
    private PerArm _unanswered;
    private int _unansweredInAll;
    private int _unansweredFirstHalf;
    private int _unlabelled;
    private DateTimeOffset _labelsUntil;
    private CountSheet _form;
    private CountSheet _quality;
    private BinSheet _latencies;
    private SortedDictionary<string, BinSheet>? _scores;
    private KeyedCounts _firstHalf;

    /// <summary>Rises when everything was shipped.</summary>
    public int Turn { get; private set; }

    /// <summary>The one behind it in its queue.</summary>
    public OpenEpoch? Next { get; set; }

    public long Number { get; private set; }

    public bool FormClosed { get; private set; }

    public bool QualityClosed { get; private set; }

    public bool ScoresClosed { get; private set; }

    /// <summary>Whether answers of it may be scored.</summary>
    public bool AwaitsScores { get; set; }

    private DateTimeOffset EndsAt => EpochCounts.StartOf(Number + 1);

    /// <summary>Hints that it will be counted in or shipped.</summary>
    public void Fetch() => CacheLines.Fetch(this, Lines);

    public void Begin(EvidenceKey key, long number, TimeSpan labelDeadline) => (_key, Number, _labelDeadline) = (key, number, labelDeadline);

    /// <summary>Everything was shipped: tickets of this turn change nothing any more.</summary>
    public void End()
    {
        Turn++;
        (_unanswered, _unansweredInAll, _unansweredFirstHalf, _unlabelled) = (default, 0, 0, 0);
        (FormClosed, QualityClosed, ScoresClosed, AwaitsScores) = (false, false, false, false);
        _quality.Clear();
        _firstHalf.Clear();
        _scores = null;
    }

    public void Assign(Arm arm, bool isFirstHalf)
    {
        _unanswered[(int)arm]++;
        _unansweredInAll++;
        _unansweredFirstHalf += isFirstHalf ? 1 : 0;
    }

    public void Answer(Arm arm, bool isFirstHalf, int stratum, int replica, Outcome outcome, Served served, TimeSpan? latency)
    {
        _unanswered[(int)arm]--;
        _unansweredInAll--;
        _form.Count(arm, stratum, replica, outcome, served);
        _quality.Count(arm, stratum, replica, outcome, served);
        _unlabelled += outcome == Outcome.Unlabelled ? 1 : 0;
        if (isFirstHalf)
        {
            _unansweredFirstHalf--;
            CountFirstHalf(outcome, 1);
        }

        if (latency is { } took)
        {
            // A release that failed fast was not fast.
            _latencies.Count(arm, replica, outcome == Outcome.Error ? LatencyCounts.Never : LatencyCounts.BinOf(took));
        }
    }

    public void Label(Arm arm, bool isFirstHalf, int stratum, int replica, Served served, bool correct)
    {
        var (outcome, label) = correct ? (Outcome.Correct, Served.Correct) : (Outcome.Wrong, Served.Wrong);
        _unlabelled--;
        _quality.Count(arm, stratum, replica, Outcome.Unlabelled, served, -1);
        _quality.Count(arm, stratum, replica, outcome, served == Served.Unlabelled ? label : served);
        if (isFirstHalf)
        {
            CountFirstHalf(Outcome.Unlabelled, -1);
            CountFirstHalf(outcome, 1);
        }
    }

    public void Score(string name, Arm arm, int replica, int step)
    {
        _scores ??= new(StringComparer.Ordinal);
        var sheet = _scores.GetValueOrDefault(name);
        sheet.Count(arm, replica, step);
        _scores[name] = sheet;
    }

    public bool FormIsDue(DateTimeOffset now, TimeSpan deadline) => now >= EndsAt && (_unansweredInAll == 0 || now >= EndsAt + deadline);

    public bool QualityIsDue(DateTimeOffset now) => _unlabelled == 0 || now >= _labelsUntil;

    // Never sooner: a release whose bad answers are scored first would look worse than it is.
    public bool ScoresAreDue(DateTimeOffset now) => now >= _labelsUntil;

    public void CloseForm(DateTimeOffset now, IEpochSink closed)
    {
        for (var arm = 0; arm < CountTable.Arms; arm++)
        {
            if (_unanswered[arm] is > 0 and var late)
            {
                _form.Count((Arm)arm, stratum: 0, replica: 0, Outcome.Late, Served.Failed, late);
                _quality.Count((Arm)arm, stratum: 0, replica: 0, Outcome.Late, Served.Failed, late);
                _latencies.Count((Arm)arm, replica: 0, LatencyCounts.Never, late);
            }
        }

        if (_unansweredFirstHalf > 0)
        {
            CountFirstHalf(Outcome.Late, _unansweredFirstHalf);
        }

        FormClosed = true;
        _labelsUntil = now + _labelDeadline;
        closed.Begin(_key, Number, EvidenceGroup.Form);
        _form.ShowTo(closed);
        foreach (var bins in _latencies.Cells)
        {
            closed.Latencies(bins);
        }

        closed.End();
        _form.Clear();
        _latencies.Clear();
    }

    public void CloseQuality(IEpochSink closed)
    {
        QualityClosed = true;
        closed.Begin(_key, Number, EvidenceGroup.Quality);
        _quality.ShowTo(closed);
        ShowFirstHalf(closed);
        closed.End();
    }

    public void CloseScores(IEpochSink closed)
    {
        ScoresClosed = true;
        if (_scores is null)
        {
            return;
        }

        closed.Begin(_key, Number, EvidenceGroup.Quality);
        foreach (var (name, sheet) in _scores)
        {
            foreach (var steps in sheet.Cells)
            {
                closed.Scores(name, steps);
            }
        }

        closed.End();
    }

    private void CountFirstHalf(Outcome outcome, int count) => _firstHalf.Add((int)outcome, count);

    private void ShowFirstHalf(IEpochSink closed)
    {
        if (_firstHalf.All.IsEmpty)
        {
            return;
        }

        Span<long> outcomes = stackalloc long[CountTable.OutcomeCount];
        outcomes.Clear();
        foreach (var entry in _firstHalf.All)
        {
            outcomes[entry.Key] = entry.Count;
        }

        closed.FirstHalf(outcomes);
    }

    [InlineArray(CountTable.Arms)]
    private struct PerArm
    {
        private int _count;
    }
}
