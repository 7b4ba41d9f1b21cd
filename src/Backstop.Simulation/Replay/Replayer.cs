using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;

namespace Backstop.Simulation.Replay;

/// <summary>Runs recorded requests through the monitors as if they were happening.</summary>
/// <remarks>
/// Outcomes go to the judge that decides on live traffic, in the same epochs; each signal has a monitor beside it. Alpha is
/// shared: one half to the outcomes, the other to the signals in equal parts. A baseline that was alone before the candidate
/// came is its history. The judge's verdict is asked after every epoch, two thousand times at most: looking costs nothing.
/// </remarks>
public static class Replayer
{
    private const string Alias = "replay";
    private const int MostLooks = 2000;
    private const double AloneFor = 15;

    // A signal has no evidence that needs no share: while the arms' sizes look odd it does not decide.
    private static readonly double AssignmentDoubt = Math.Log(20);

    /// <summary>Judges a recording.</summary>
    public static ReplayReport Run(Recording recording, ReplayOptions options)
    {
        var (requests, duplicates) = Distinct(recording.Requests);
        var outOfOrder = requests.Zip(requests.Skip(1)).Count(pair => pair.Second.T < pair.First.T);
        ImmutableArray<RecordedRequest> sorted = [.. requests.OrderBy(r => r.T)];
        var (from, to) = Compared(sorted);
        var units = Units.Of(sorted[from..to]);
        var plan = AssignmentPlan.Of(units.Requests, options.Share);
        var run = new ReplayRun(options, plan, units, sorted[..from]);
        run.Play();
        var tested = requests.Count(r => r.Tested);
        return new(
            run.Verdict, run.Reason, requests.Length, tested, requests.Length - tested, duplicates, outOfOrder, units.Requests.Length,
            units.AreRequests ? "request" : "unit", plan.Share, plan.IsStated, options.Alpha, run.Monitors, run.Changes, recording.Problems,
            [.. recording.Notes, .. new[] { plan.Note, units.Note }.OfType<string>(), .. run.Notes]);
    }

    // A name that comes again is the same request told twice. Without names, lines that agree in everything and have a unit.
    private static (ImmutableArray<RecordedRequest> Requests, int Duplicates) Distinct(ImmutableArray<RecordedRequest> all)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        ImmutableArray<RecordedRequest> kept =
        [
            .. all.Where(r => r.Id is { } id ? seen.Add($"id {id}") : r.Unit is not { } unit || seen.Add(
                FormattableString.Invariant($"{r.T:R} {unit} {r.Tested} {r.Outcome} {string.Join(' ', r.Signals.Select(s => FormattableString.Invariant($"{s.Key}={s.Value:R}")))}"))),
        ];
        return (kept, all.Length - kept.Length);
    }

    /// <summary>Where both arms took part: without a long time before the candidate came, and after it was gone.</summary>
    private static (int From, int To) Compared(ImmutableArray<RecordedRequest> sorted)
    {
        var first = sorted.Select((r, i) => (r, i)).FirstOrDefault(p => p.r.Tested, (null!, -1)).Item2;
        if (first < 0)
        {
            return (0, sorted.Length);
        }

        var last = sorted.Length - 1;
        while (!sorted[last].Tested)
        {
            last--;
        }

        var share = (double)sorted.Count(r => r.Tested) / (last - first + 1);
        return (first * share > AloneFor ? first : 0, (sorted.Length - 1 - last) * share > AloneFor ? last + 1 : sorted.Length);
    }

    /// <summary>One pass over a recording.</summary>
    private sealed class ReplayRun
    {
        private readonly EvidencePlan _plan;
        private readonly AssignmentPlan _assignment;
        private readonly Units _units;
        private readonly AliasEvidence _evidence = new(Alias);
        private readonly List<double> _shares = [];
        private readonly ImmutableArray<SignalMonitor> _signals;
        private readonly ImmutableArray<ReplayChange>.Builder _changes = ImmutableArray.CreateBuilder<ReplayChange>();
        private readonly double _alpha;
        private Judgement? _judgement;
        private long _batches;

        public ReplayRun(ReplayOptions options, AssignmentPlan assignment, Units units, ImmutableArray<RecordedRequest> history)
        {
            (_assignment, _units, _alpha) = (assignment, units, options.Alpha);
            ImmutableArray<string> names = assignment.IsChecked
                ? [.. units.Requests.SelectMany(r => r.Signals.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]
                : [];
            var ofOutcomes = names.IsEmpty ? 1 : 0.5;
            _signals =
            [
                .. names.Select(name => new SignalMonitor(
                    name, -Math.Log(options.Alpha * (1 - ofOutcomes) / names.Length),
                    SignalMonitor.IsWorseWhenHigher(name) && !options.HigherIsBetter.Contains(name), options.SignalMargin)),
            ];
            var usual = new EvidencePlan { Alpha = options.Alpha * ofOutcomes };

            // A share that nobody stated is not relied on: the evidence that needs none must reach the whole threshold by itself.
            _plan = usual with
            {
                Confirmation = assignment.IsStated ? usual.Confirmation : 1 / usual.Alpha,
                AssignmentAlpha = assignment.IsChecked ? usual.AssignmentAlpha : 0,
            };
            Merge(history, stage: 0);
        }

        public Verdict Verdict { get; private set; } = Verdict.NoData;

        public string Reason { get; private set; } = "there are no requests";

        public ImmutableArray<ReplayChange> Changes => _changes.ToImmutable();

        public ImmutableArray<string> Notes =>
            [.. _signals.Where(s => s.IsConstant).Select(s => $"signal '{s.Name}' is the same nearly always: nothing can be said of it")];

        public ImmutableArray<ReplayMonitor> Monitors =>
        [
            .. _judgement is { } judged
                ? judged.Groups.Select(g => new ReplayMonitor($"outcomes, {(g.Group == EvidenceGroup.Form ? "before" : "with")} labels", g.LogE, g.LogThreshold))
                : [],
            .. _signals.Select(s => new ReplayMonitor(s.Name, s.LogE, s.LogThreshold)),
        ];

        public void Play()
        {
            var requests = _units.Requests;
            if (_units.Broken is { } broken)
            {
                Say(requests[0], 0, "assignment", Verdict.BrokenExperiment, broken);
                return;
            }

            if (_assignment.Share is null && requests.Length > 0)
            {
                Say(requests[^1], requests.Length, "outcomes", Verdict.NoData, $"only the {(requests[0].Tested ? "candidate" : "baseline")} has requests");
                return;
            }

            var step = Math.Max(1, requests.Length / MostLooks);
            for (var begin = 0; begin < requests.Length && !IsOver;)
            {
                var end = begin + step;
                while (end < requests.Length && Bucket(requests[end]) == Bucket(requests[end - 1]) && end - begin < 1000)
                {
                    end++;
                }

                end = Math.Min(end, requests.Length);
                var part = requests.AsSpan()[begin..end];
                Add(part);
                Look(part[^1], end);
                begin = end;
            }
        }

        private void Add(ReadOnlySpan<RecordedRequest> part)
        {
            while (!part.IsEmpty)
            {
                var share = part[0].Share ?? _assignment.Share!.Value;
                var same = 0;
                while (same < part.Length && (part[same].Share ?? _assignment.Share!.Value) == share)
                {
                    foreach (var signal in _signals)
                    {
                        signal.Add(part[same], share);
                    }

                    same++;
                }

                if (_shares.Count == 0 || _shares[^1] != share)
                {
                    _shares.Add(share);
                    _evidence.Begin(KeyOf(_shares.Count)); // Judged around what was known before; and the tables are built once.
                }

                Merge([.. part[..same]], _shares.Count);
                part = part[same..];
            }
        }

        private void Look(RecordedRequest last, int judged)
        {
            var contrast = new Contrast([.. _shares.Select((share, i) => new ContrastStage(KeyOf(i + 1), share))], Arm.Candidate, Arm.Baseline);
            _judgement = Judge.Evaluate(_evidence, contrast, _plan, EpochCounts.StartOf(Bucket(last) + 1));
            foreach (var signal in _signals)
            {
                signal.Look();
            }

            var worst = _signals.MaxBy(s => s.LogE - s.LogThreshold);
            var (verdict, reason) = (_judgement.Verdict, _judgement.Reason);
            if (verdict is Verdict.BrokenExperiment or Verdict.Regressed || worst is null)
            {
                Say(last, judged, verdict == Verdict.BrokenExperiment ? "assignment" : "outcomes", verdict, reason);
            }
            else if (worst.Crossed && _judgement.AssignmentLogE < AssignmentDoubt)
            {
                Say(last, judged, worst.Name, Verdict.Regressed, $"{worst.Name} is worse than in the control by more than its margin");
            }
            else if (verdict == Verdict.Healthy && worst.LogE >= Math.Log(_plan.Caution))
            {
                Say(last, judged, worst.Name, Verdict.Inconclusive, $"suspicious: {worst.Name} looks worse than in the control");
            }
            else
            {
                Say(last, judged, "outcomes", verdict, reason);
            }
        }

        // A rollback ends a rollout: what comes after it is not looked at.
        private bool IsOver => Verdict is Verdict.Regressed or Verdict.BrokenExperiment;

        private void Say(RecordedRequest at, int judged, string monitor, Verdict verdict, string reason)
        {
            Reason = reason;
            if (_changes.Count == 0 || Verdict != verdict)
            {
                Verdict = verdict;
                _changes.Add(new(at.T, at.Line, judged, monitor, verdict, reason));
            }
        }

        private void Merge(ImmutableArray<RecordedRequest> requests, int stage)
        {
            foreach (var bucket in requests.GroupBy(Bucket))
            {
                ImmutableArray<CountCell> quality = [.. Cells(bucket, r => r.Outcome)];
                ImmutableArray<CountCell> form =
                    [.. Cells(bucket, r => r.Outcome is Outcome.Correct or Outcome.Wrong ? Outcome.Unlabelled : r.Outcome)];
                _evidence.Merge(new("file", "1", ++_batches,
                [
                    new(KeyOf(stage), bucket.Key, EvidenceGroup.Form, form), new(KeyOf(stage), bucket.Key, EvidenceGroup.Quality, quality),
                ]));
            }
        }

        private static IEnumerable<CountCell> Cells(IEnumerable<RecordedRequest> requests, Func<RecordedRequest, Outcome> outcomeOf) =>
            requests.GroupBy(r => (r.Tested, r.Attack)).Select(cell =>
            {
                var outcomes = new long[Enum.GetValues<Outcome>().Length];
                foreach (var request in cell)
                {
                    outcomes[(int)outcomeOf(request)]++;
                }

                return new CountCell(
                    cell.Key.Tested ? Arm.Candidate : Arm.Baseline, cell.Key.Attack ? 1 : 0, [.. outcomes], [.. new long[Enum.GetValues<Served>().Length]]);
            });

        private static EvidenceKey KeyOf(int stage) => new(Alias, 1, stage);

        private static long Bucket(RecordedRequest request) => (long)Math.Floor(request.T * 1000 / EpochCounts.BucketMilliseconds);
    }
}
