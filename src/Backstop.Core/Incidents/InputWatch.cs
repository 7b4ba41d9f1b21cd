using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Backstop.Core.Gates;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Inputs;

namespace Backstop.Core.Incidents;

/// <summary>Knows what requests to an alias usually bring with them, and says when that changes.</summary>
/// <remarks>
/// <para>
/// The newest buckets are held against everything before them with the arithmetic of a diagnosis (<see cref="SignalChange"/>):
/// it allows for what wanders from day to day, so what it alarms at is a change of practical size. What is usual learns from
/// quiet buckets only; it stands still from the onset of a change until it is over or a person accepts it.
/// </para>
/// <para>
/// A prompt counts as unfamiliar when nothing like it came before the window. How often that happened while all was well is
/// counted as it happened: where callers fill in templates, unfamiliar prompts are usual and say nothing.
/// </para>
/// Mutable, for one owner at a time.
/// </remarks>
public sealed class InputWatch
{
    /// <summary>Natural logarithm of the Bayes factor from which on a change is an alarm: 60,000 to one.</summary>
    public const double Alarm = 11;

    private const int Window = 3;
    private const int QuietBuckets = 4;
    private const long LeastUsual = 200;
    private const long LeastNow = 20;
    private const long MostUsual = 1_000_000;
    private const int MostFirsts = 100;
    private const double Rare = 0.01;

    private readonly SortedDictionary<long, InputTally> _recent = [];
    private readonly HashSet<(InputSignal, string)> _announced = [];
    private readonly List<InputCount> _firsts = [];
    private InputTally _usual = new();
    private InputTally _settled = new();
    private InputCount _unfamiliar = new(InputSignal.PromptFingerprint, "", 0);
    private InputTally _since = new();
    private long? _onset;
    private int _quiet;

    /// <summary>What came while all was well.</summary>
    public InputTally Usual => _usual;

    /// <summary>Of the prompts that came while all was well, how many were unfamiliar then.</summary>
    public InputCount Unfamiliar => _unfamiliar;

    /// <summary>What came since the onset of the present change; empty while there is none.</summary>
    public InputTally Since => _since;

    /// <summary>When the present change began, or null.</summary>
    public DateTimeOffset? Onset => _onset is { } bucket ? InputCount.StartOf(bucket) : null;

    /// <summary>When the first count came that is remembered; null before any did.</summary>
    public DateTimeOffset? Begun { get; private set; }

    /// <summary>The same things against a reference that stays.</summary>
    public DriftWatch Drift { get; } = new();

    /// <summary>Takes in what a gateway counted.</summary>
    public void Add(long bucket, InputCount count)
    {
        Drift.Add(count);
        count = count with { Values = [] };
        Begun ??= InputCount.StartOf(bucket);
        if (IsFirst(count) && _announced.Count < MostFirsts && _announced.Add((count.Signal, Bare(count).What)))
        {
            _firsts.Add(count);
        }

        if (_onset is null && _recent.Count > 0 && bucket < _recent.Keys.First())
        {
            Absorb(count);
            return;
        }

        if (!_recent.TryGetValue(bucket, out var tally))
        {
            _recent.Add(bucket, tally = new());
        }

        tally.Add(count);
    }

    /// <summary>What is not as usual at this time; null while all is.</summary>
    public InputChange? Look(DateTimeOffset now)
    {
        var newest = InputCount.BucketOf(now);
        var window = Sum(newest - Window + 1);
        var moved = Compare(window).Where(s => SignalChange.LogBayesFactor(s) >= Alarm && !IsOrdinaryAgeing(s, now) && !IsChance(s)).ToImmutableArray();
        if (!moved.IsEmpty)
        {
            _quiet = 0;
            _onset ??= FirstMoved(moved, newest);
        }
        else if (_onset is not null && window.Counts.Count > 0 && ++_quiet >= QuietBuckets)
        {
            // Over: what came meanwhile is not usual and is forgotten.
            Close();
        }

        Settle(newest - Window);
        if (_onset is not { } onset)
        {
            return null;
        }

        _since = Sum(onset);
        _since.AddAll(_settled);
        return new(InputCount.StartOf(onset), moved, Compare(_since), IsPresent: !moved.IsEmpty);
    }

    /// <summary>What has drifted; nothing is learnt there while something is not as usual here.</summary>
    public ImmutableArray<DriftStream> LookAtDrift(DateTimeOffset now) => Drift.Look(now, isQuiet: _onset is null);

    /// <summary>Prompts and versions of an index that came for the first time since this was asked last, where that is rare.</summary>
    public ImmutableArray<InputCount> TakeFirsts()
    {
        ImmutableArray<InputCount> firsts = [.. _firsts];
        _firsts.Clear();
        return firsts;
    }

    /// <summary>A person says that what changed is how it is to be from now on.</summary>
    public void Accept()
    {
        foreach (var count in _since.Counts)
        {
            Absorb(count);
        }

        Close();
        Drift.Accept();
    }

    /// <summary>All that it knows, as it is kept.</summary>
    public InputMemory Memory => new(
        Listed(_usual),
        Listed(_settled),
        [.. _recent.Select(r => new InputMemory.Bucket(r.Key, Listed(r.Value)))],
        _unfamiliar,
        _onset,
        _quiet,
        Begun,
        [.. _announced.Select(a => new InputMemory.First(a.Item1, a.Item2)).OrderBy(a => a.Signal).ThenBy(a => a.What, StringComparer.Ordinal)],
        [.. _firsts])
    {
        Drift = [.. Drift.Streams.Select(s => s.Stored())],
    };

    /// <summary>One that goes on where another stood.</summary>
    public static InputWatch From(InputMemory memory)
    {
        var watch = new InputWatch
        {
            _usual = Tally(memory.Usual), _settled = Tally(memory.Settled), _unfamiliar = memory.Unfamiliar, _onset = memory.Onset, _quiet = memory.Quiet, Begun = memory.Begun,
        };
        foreach (var (number, counts) in memory.Recent)
        {
            watch._recent.Add(number, Tally(counts));
        }

        watch._announced.UnionWith(memory.Announced.Select(a => (a.Signal, a.What)));
        watch._firsts.AddRange(memory.Firsts);
        foreach (var stream in memory.Drift)
        {
            watch.Drift.Restore(stream);
        }

        if (watch._onset is { } onset)
        {
            watch._since = watch.Sum(onset);
            watch._since.AddAll(watch._settled);
        }

        return watch;
    }

    private static ImmutableArray<InputCount> Listed(InputTally tally) =>
        [.. tally.Counts.OrderBy(c => c.What == InputTally.Others).ThenBy(c => c.Signal).ThenBy(c => c.What, StringComparer.Ordinal)]; // What had no room for a name comes last, as it came.

    private static InputTally Tally(IEnumerable<InputCount> counts)
    {
        var tally = new InputTally();
        foreach (var count in counts)
        {
            tally.Add(count);
        }

        return tally;
    }

    private void Close()
    {
        (_onset, _since, _settled, _quiet) = (null, new(), new(), 0);
        _recent.Clear();
    }

    // Of what is always new, as where a template is filled in by the caller, nothing is worth telling.
    private bool IsFirst(InputCount count) => count.What != InputTally.Others
        && count.Signal is InputSignal.PromptFingerprint or InputSignal.RetrievalIndex
        && _usual.Of(count.Signal, Bare(count).What).N == 0
        && _usual.All(count.Signal).Sum(c => c.N) >= LeastUsual
        && (count.Signal == InputSignal.RetrievalIndex || (_unfamiliar.N >= LeastUsual && _unfamiliar.Hits <= Rare * _unfamiliar.N));

    // Documents get older by a day every day until their index is built again: how often that is, nobody knows in the first week,
    // and later what was usual tells.
    private bool IsOrdinaryAgeing(Signal signal, DateTimeOffset now)
    {
        const double nightly = 1, weekly = 7;
        return signal is { Name: "retrieval_age", Before.Mean: { } usual, After.Mean: { } age }
            && age <= usual + Math.Max(Math.Max(nightly, usual), Math.Min(weekly, (now - Begun!.Value).TotalDays));
    }

    // A look every five seconds at dozens of features is half a million looks a month each: of a few dozen requests, five nulls
    // instead of none are among them by chance.
    private static bool IsChance(Signal signal)
    {
        const double probability = 1e-10;
        return signal is { Before.Hits: { } before, After.Hits: { } hits } && hits > 0
            && Binomial.Above((int)signal.After.N, (int)hits - 1, (before + 1) / (signal.Before.N + 2)) > probability;
    }

    // Where in the window it began: the first bucket that by itself speaks for the change.
    private long FirstMoved(ImmutableArray<Signal> moved, long newest)
    {
        for (var bucket = newest - Window + 1; bucket < newest; bucket++)
        {
            if (_recent.TryGetValue(bucket, out var tally)
                && Compare(tally, least: 1).Any(s => moved.Any(m => InputChange.AreSame(m, s)) && SignalChange.LogBayesFactor(s) > 0))
            {
                return bucket;
            }
        }

        return newest;
    }

    private InputTally Sum(long from)
    {
        var sum = new InputTally();
        foreach (var (_, tally) in _recent.Where(r => r.Key >= from))
        {
            sum.AddAll(tally);
        }

        return sum;
    }

    private void Settle(long before)
    {
        while (_recent.Count > 0 && _recent.First() is var oldest && oldest.Key < before)
        {
            _recent.Remove(oldest.Key);
            if (oldest.Key >= _onset)
            {
                // A fault may last for days: of what is long past, the sum is enough.
                _settled.AddAll(oldest.Value);
            }
            else if (_onset is null)
            {
                foreach (var count in oldest.Value.Counts)
                {
                    Absorb(count);
                }
            }
        }
    }

    private void Absorb(InputCount count)
    {
        if (count.Signal == InputSignal.PromptFingerprint)
        {
            var isNew = IsNew(count);
            var hasPast = _usual.All(count.Signal).Sum(c => c.N) >= LeastUsual;
            _unfamiliar = hasPast ? _unfamiliar.Add(new(count.Signal, "", count.N, isNew ? count.N : 0)) : _unfamiliar;
        }

        count = Bare(count);
        _usual.Add(count);
        if (_usual.Of(count.Signal, count.What).N > MostUsual)
        {
            // The world moves on: what is long ago loses its weight.
            _usual = _usual.Halved();
        }
    }

    private ImmutableArray<Signal> Compare(InputTally now, long least = LeastNow)
    {
        var signals = ImmutableArray.CreateBuilder<Signal>();
        foreach (var count in now.Counts.OrderBy(c => c.Signal).ThenBy(c => c.What, StringComparer.Ordinal))
        {
            var usual = _usual.Of(count.Signal, count.What);
            if (count.N < least || usual.N < LeastUsual || NameOf(count.Signal) is not { } name)
            {
                continue;
            }

            var what = count.What.Length > 0 ? count.What : null;
            signals.Add(new(name, InputChange.Reading(usual), InputChange.Reading(count), what));
        }

        var prompts = now.All(InputSignal.PromptFingerprint).ToList();
        var asked = prompts.Sum(p => p.N);
        if (asked >= least && _unfamiliar.N >= LeastUsual)
        {
            var news = prompts.Where(IsNew).ToList();
            var copied = news.Where(p => PromptFingerprint.CopyOf(p.What) is not null).OrderByDescending(p => p.N).FirstOrDefault();
            signals.Add(new(
                "prompt_fingerprint",
                new(_unfamiliar.N, _unfamiliar.Hits),
                new(asked, news.Sum(p => p.N)),
                copied is null ? null : $"a changed copy of {PromptFingerprint.CopyOf(copied.What)}"));
        }

        return signals.ToImmutable();
    }

    // The prompt of a release is nobody's edit, also where its callers begin to render it themselves.
    private bool IsNew(InputCount prompt) => prompt.What == InputTally.Others
        || (PromptFingerprint.OwnOf(prompt.What) is null && _usual.Of(prompt.Signal, PromptFingerprint.Bare(prompt.What)).N == 0);

    // What a gateway says about a fingerprint depends on the releases it had then; what is usual must not.
    private static InputCount Bare(InputCount count) => count.Signal == InputSignal.PromptFingerprint ? count with { What = PromptFingerprint.Bare(count.What) } : count;

    internal static string? NameOf(InputSignal signal) => signal switch
    {
        InputSignal.FeatureNulls => "feature_nulls",
        InputSignal.FeatureValues => "feature_values",
        InputSignal.RetrievalEmpty => "retrieval_empty",
        InputSignal.RetrievalAge => "retrieval_age",
        InputSignal.RetrievalScore => "retrieval_score",
        InputSignal.JudgeAnchor => "judge_anchors",
        InputSignal.Probe => "probes",
        _ => null,
    };
}

/// <summary>What requests bring with them is not what it was.</summary>
/// <param name="Onset">When it began, to a few seconds.</param>
/// <param name="Moved">What moved beyond doubt in the newest buckets.</param>
/// <param name="Signals">Everything that is measured, before the onset and since.</param>
/// <param name="IsPresent">Whether it still is so.</param>
public sealed record InputChange(DateTimeOffset Onset, ImmutableArray<Signal> Moved, ImmutableArray<Signal> Signals, bool IsPresent)
{
    /// <summary>What has drifted, as a change.</summary>
    /// <param name="drifted">At least one stream.</param>
    public static InputChange Of(ImmutableArray<DriftStream> drifted)
    {
        ImmutableArray<Signal> signals =
        [
            .. drifted.Select(s => new Signal(
                InputWatch.NameOf(s.Known.Signal)!, Reading(s.Known.Sums), Reading(s.SinceOnset), s.Known.What.Length > 0 ? s.Known.What : null)),
        ];
        return new(drifted.Min(s => s.Onset), signals, signals, IsPresent: true);
    }

    /// <summary>What moved, in words.</summary>
    [JsonIgnore]
    public string Words => string.Join("; ", Signals.Where(s => Moved.Any(m => AreSame(m, s))).Select(InWords));

    /// <summary>Whether two readings are of one signal. Prompts have one in all; what it names is only the nearest prompt of that moment.</summary>
    internal static bool AreSame(Signal a, Signal b) => a.Name == b.Name && (a.What == b.What || a.Name == "prompt_fingerprint");

    /// <summary>Sums as a reading: a share of hits, or a mean with its deviation.</summary>
    public static Reading Reading(InputCount count) => count.Signal is InputSignal.FeatureNulls or InputSignal.RetrievalEmpty or InputSignal.JudgeAnchor or InputSignal.Probe
        ? new(count.N, count.Hits)
        : new(count.N, Mean: count.Mean, Deviation: count.Deviation);

    private static string InWords(Signal signal)
    {
        var name = signal.Name.Replace('_', ' ') + (signal.What is { } what ? $" of {what}" : "");
        return signal is { Before.Hits: not null, After.Hits: not null }
            ? FormattableString.Invariant($"{name}: {Share(signal.Before)} before, {Share(signal.After)} since")
            : FormattableString.Invariant($"{name}: {signal.Before!.Mean:0.###} before, {signal.After!.Mean:0.###} since");
    }

    private static string Share(Reading reading) => FormattableString.Invariant($"{100 * reading.Hits!.Value / reading.N:0.##} %");
}
