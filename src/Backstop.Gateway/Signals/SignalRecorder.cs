using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Inputs;
using Backstop.Core.Routing;
using Backstop.Protocol;
using Route = Backstop.Core.Routing.Route;
using InputCount = Backstop.Core.Inputs.InputCount;

namespace Backstop.Gateway.Signals;

/// <summary>Observes requests: one signal each, summed into whole epochs, never waiting for anybody.</summary>
public sealed class SignalRecorder(GatewayOptions options, TimeProvider time)
{
    private const int MostPromptNames = 256;
    private const int MostUnits = 100_000;

    private readonly Lock _gate = new();
    private readonly SteadyClock _clock = new(time);
    private readonly (long Wall, long At) _begun = (time.GetUtcNow().ToUnixTimeMilliseconds(), time.GetTimestamp());
    private readonly EpochLedger _ledger = new(options.AnswerDeadline);

    // Requests that may still get a label, by id: those under way, and behind them those that were answered. A caller that gives two
    // requests one id labels the later one.
    private readonly Dictionary<RequestKey, PendingPlace> _underWay = [];
    private readonly DeliveredAnswers _delivered = new();
    private readonly Stack<PendingPlace> _free = new();

    private readonly CountedAliases _aliases = new();
    private readonly BatchSums _sums = new();
    private readonly Dictionary<ulong, string> _promptNames = [];
    private readonly string _startId = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
    private readonly UnitWindow _units = new(TimeSpan.FromMinutes(10), MostUnits);
    private BatchWriter? _batch;
    private ulong _sequence;

    /// <summary>Names this start of the process in every batch.</summary>
    public string StartId => _startId;

    /// <summary>
    /// Unix milliseconds by the clock that newly started requests are told by: what it was when the process began, and what has passed
    /// since. It may be wrong and is always wrong by the same, so control can take the error out.
    /// </summary>
    public long Clock() => _begun.Wall + (long)time.GetElapsedTime(_begun.At).TotalMilliseconds;

    /// <summary>Whether a request of a unit that makes many is one to count; see <see cref="UnitWindow"/>.</summary>
    public bool Counts(Route route, string unit)
    {
        // Another stage is another comparison: there it counts again.
        var hash = StableHash.Of(route.Alias, unit) ^ StableHash.Of(route.Salt, unit) ^ ((ulong)route.Generation * 0x9E3779B97F4A7C15);
        lock (_gate)
        {
            return _units.Counts(hash, _clock.Now());
        }
    }

    /// <summary>Where an alias is counted, for who keeps it: it stays the same as long as somebody does, and need not be looked for with every request.</summary>
    internal AliasSums Of(string alias)
    {
        lock (_gate)
        {
            return _aliases.Of(alias);
        }
    }

    /// <summary>A request was assigned.</summary>
    /// <param name="sums">Where its alias is counted.</param>
    /// <param name="isEvidence">False when the shares of the split did not hold for it.</param>
    internal PendingRequest Assigned(string id, AliasSums sums, Route route, Assignment assignment, bool isEvidence)
    {
        var key = RequestKey.Of(id);
        sums.FetchUnit(assignment.BaselineUnit);
        lock (_gate)
        {
            var place = _free.TryPop(out var used) ? used : new();
            (place.Key, place.Id, place.Route, place.Assignment, place.IsEvidence) = (key, route.CaptureSamples ? id : null, route, assignment, isEvidence);
            if (isEvidence)
            {
                var stage = sums.Stage = _ledger.StageOf(new(route.Alias, route.Epoch, route.Generation), sums.Stage);
                _ledger.Assign(
                    place.Ticket, stage, assignment.Arm, _clock.Now(), route.LabelDeadline, assignment.IsFirstHalf, awaitsScores: !route.Traffic.Signals.IsEmpty);
                if (assignment.Arm == Arm.Baseline)
                {
                    sums.HadUnit(stage.Key, assignment.BaselineUnit);
                    _sums.WillTell(sums);
                }
            }

            _underWay[key] = place;
            return new(place);
        }
    }

    /// <summary>A request is about to be sent to a release: what a rollback is verified on.</summary>
    internal void Started(AliasSums sums, string release)
    {
        lock (_gate)
        {
            sums.Started(release, Clock());
            _sums.WillTell(sums);
        }
    }

    /// <summary>A request brought something with it.</summary>
    internal void Brought(AliasSums sums, InputCount count)
    {
        lock (_gate)
        {
            sums.Inputs(_clock.Now()).Add(count);
            _sums.WillTell(sums);
        }
    }

    /// <summary>A request brought values with it.</summary>
    /// <param name="values">Finite ones, at least one.</param>
    internal void Brought(AliasSums sums, InputSignal signal, string what, IReadOnlyList<double> values)
    {
        lock (_gate)
        {
            sums.Inputs(_clock.Now()).Add(signal, what, values);
            _sums.WillTell(sums);
        }
    }

    /// <summary>A conversation began with these words of the system, or with none.</summary>
    /// <param name="recognised">What they are counted as where they are the prompt of a release, or much like it; else null.</param>
    /// <returns>What they are counted as: their <see cref="PromptFingerprint"/>.</returns>
    internal string Spoke(AliasSums sums, ulong? hash, string? recognised)
    {
        lock (_gate)
        {
            var name = recognised ?? (hash is { } words ? NameOf(words) : PromptFingerprint.None);
            sums.Spoke(name, _clock.Now());
            _sums.WillTell(sums);
            return name;
        }
    }

    /// <summary>The request ended.</summary>
    /// <param name="outcome">What the assigned release answered, before the ring.</param>
    /// <param name="served">What the user received, after it.</param>
    /// <param name="replica">Number of the replica of the assigned release that was asked last; 0 when none is known.</param>
    /// <param name="latency">From the request's beginning until that release's answer was there; null when nobody measured.</param>
    internal void Answered(PendingRequest request, bool attack, Outcome outcome, Served served, FailureSample? sample, int replica = 0, TimeSpan? latency = null)
    {
        lock (_gate)
        {
            if (request.Place is not { } place || !request.IsCurrent || place.IsDelivered)
            {
                return;
            }

            if (place.IsEvidence)
            {
                place.Ticket.Answered(attack, outcome, served, replica, latency);
            }

            if (place.EarlyScores is { } early)
            {
                foreach (var (name, step) in early)
                {
                    place.Ticket.Scored(name, step);
                }
            }

            place.Sample = sample;
            var isLatest = Ends(place);
            if (outcome != Outcome.Unlabelled)
            {
                _sums.Sampled(place, outcome, expected: null);
                Settle(place);
                return;
            }

            place.IsDelivered = true;
            if (place.Early is { } label)
            {
                Count(place, label);
                if (!request.IsCurrent)
                {
                    return;
                }
            }

            var until = (_clock.Now() + options.AnswerDeadline + place.Route.LabelDeadline).UtcTicks;
            var isMoreKnown = place.Sample is not null || !place.Route.Traffic.Signals.IsEmpty;
            _delivered.Add(
                new(place.Key, place.Route, place.IsEvidence ? place.Ticket.Delivery : default, until, isMoreKnown ? place : null), isLatest);
            if (!isMoreKnown)
            {
                Settle(place); // What a label needs stands in the list.
            }
        }
    }

    /// <summary>A copy of a request was answered. It counts for the arm of copies, and beside what the user got.</summary>
    public void Shadowed(Route route, bool attack, Outcome outcome, ShadowComparison seen)
    {
        lock (_gate)
        {
            _ledger.Assign(new(route.Alias, route.Epoch, route.Generation), Arm.Shadow, _clock.Now(), route.LabelDeadline)
                .Answered(attack, outcome, Served.Unlabelled);
            _sums.Shadowed(route, seen);
        }
    }

    /// <summary>A copy was not asked.</summary>
    public void ShadowDropped(Route route, string release)
    {
        lock (_gate)
        {
            _sums.ShadowDropped(route, release);
        }
    }

    /// <summary>A label came for an answer, delivered or on its way. False when no such request waits for one.</summary>
    /// <param name="mayLabel">Whether the sender may label requests of an alias: his word moves its traffic.</param>
    public bool Labelled(string id, bool correct, string? expected, Func<string, bool>? mayLabel = null)
    {
        lock (_gate)
        {
            var key = RequestKey.Of(id);
            if (_underWay.TryGetValue(key, out var request))
            {
                // The caller of a stream has read it before the gateway has counted it.
                var isFirst = request.Early is null && mayLabel?.Invoke(request.Route.Alias) != false;
                request.Early = isFirst ? new(correct, expected) : request.Early;
                return isFirst;
            }

            ref var delivered = ref _delivered.Find(key);
            if (Unsafe.IsNullRef(ref delivered) || delivered.Place?.IsLabelled == true || mayLabel?.Invoke(delivered.Route!.Alias) == false)
            {
                return false;
            }

            if (delivered.Place is { } place)
            {
                Count(place, new(correct, expected));
            }
            else
            {
                delivered.Ticket.Labelled(correct);
            }

            if (delivered.Place?.IsLabelled != true)
            {
                delivered = delivered with { Route = null, Place = null }; // Nothing more can come.
            }

            return true;
        }
    }

    /// <summary>Somebody scored an answer that was delivered. The first word on each score counts.</summary>
    /// <param name="mayScore">Whether the sender may speak about an alias: his word moves its traffic.</param>
    /// <returns>Whether such a request waits; and the first score that nobody may post to its alias, with those one may: then nothing is taken.</returns>
    public (bool Waits, string? Unknown, ImmutableArray<string> Known) Scored(string id, IReadOnlyList<KeyValuePair<string, double>> scores, Func<string, bool> mayScore)
    {
        lock (_gate)
        {
            var (route, request) = Waiting(RequestKey.Of(id));
            if (route is null || !mayScore(route.Alias))
            {
                return (false, null, []);
            }

            ImmutableArray<string> posted = [.. route.Traffic.Signals.Where(s => s.IsPosted).Select(s => s.Rule.Name)];
            if (scores.Select(s => s.Key).FirstOrDefault(name => !posted.Contains(name, StringComparer.Ordinal)) is { } unknown)
            {
                return (true, unknown, posted);
            }

            foreach (var (name, value) in scores)
            {
                Score(request!, name, value);
            }

            return (true, null, posted);
        }
    }

    /// <summary>The gateway itself learned a score of an answer.</summary>
    internal void Scored(PendingRequest request, string name, double value)
    {
        lock (_gate)
        {
            if (request.IsCurrent)
            {
                Score(request.Place!, name, value);
            }
        }
    }

    /// <summary>
    /// Everything that became complete since the last call, in as many batches as it takes: a message is not endless. Each is made when it is
    /// taken; what is not taken is told by the next call.
    /// </summary>
    public IEnumerable<PackedBatch> Collect()
    {
        var now = Expire();
        var batch = _batch ??= new(options.GatewayId, _startId);
        var stages = 0;
        for (var (restLeft, epochsLeft) = (true, true); restLeft || epochsLeft;)
        {
            // In parts, for requests wait for the lock.
            lock (_gate)
            {
                restLeft = restLeft && !_sums.Tell(batch, now);
                epochsLeft = epochsLeft && !_ledger.Collect(now, batch, ref stages);
            }

            if (batch.IsEmpty)
            {
                yield break;
            }

            yield return batch.Take(++_sequence);
        }
    }

    private DateTimeOffset Expire()
    {
        lock (_gate)
        {
            var now = _clock.Now();
            while (_delivered.TryExpire(now, out var expired))
            {
                if (expired.Place is { } place)
                {
                    Settle(place);
                }
            }

            return now;
        }
    }

    // So that a name is not made anew for each request.
    private string NameOf(ulong words)
    {
        if (!_promptNames.TryGetValue(words, out var name))
        {
            name = PromptFingerprint.NameOf(words);
            if (_promptNames.Count < MostPromptNames)
            {
                _promptNames.Add(words, name);
            }
        }

        return name;
    }

    private (Route? Route, PendingPlace? Place) Waiting(RequestKey key)
    {
        if (_underWay.TryGetValue(key, out var request))
        {
            return (request.Route, request);
        }

        ref var delivered = ref _delivered.Find(key);
        return Unsafe.IsNullRef(ref delivered) ? default : (delivered.Route, delivered.Place);
    }

    private static void Score(PendingPlace request, string name, double value)
    {
        var signals = request.Route.Traffic.Signals;
        for (var place = 0; place < signals.Length; place++)
        {
            var bit = 1 << place;
            if (signals[place].Rule is var rule && rule.Name == name && (request.Scored & bit) == 0)
            {
                request.Scored |= bit;
                var step = ScoreCounts.StepOf(rule.BadnessOf(value), Random.Shared.NextDouble());
                if (!request.IsDelivered)
                {
                    // The caller of a stream has read it before the gateway has counted it.
                    (request.EarlyScores ??= []).Add((name, step));
                }
                else if (request.IsEvidence)
                {
                    request.Ticket.Scored(name, step);
                }
            }
        }
    }

    private void Count(PendingPlace request, Label label)
    {
        if (request.IsEvidence)
        {
            request.Ticket.Labelled(label.Correct);
        }

        if (!label.Correct)
        {
            _sums.Sampled(request, Outcome.Wrong, label.Expected);
        }

        if (request.Route.Traffic.Signals.IsEmpty)
        {
            Settle(request);
        }
        else
        {
            (request.IsLabelled, request.Early, request.Sample) = (true, null, null);
        }
    }

    /// <summary>A request is no longer under way. Returns whether its id is still its own.</summary>
    private bool Ends(PendingPlace request)
    {
        if (!_underWay.Remove(request.Key, out var latest) || latest == request)
        {
            return latest is not null;
        }

        _underWay.Add(request.Key, latest);
        return false;
    }

    /// <summary>Nothing more can come for a request: its place is free.</summary>
    private void Settle(PendingPlace request)
    {
        (request.Turn, request.IsDelivered, request.IsLabelled, request.Early, request.Sample) = (request.Turn + 1, false, false, null, null);
        (request.Scored, request.EarlyScores) = (0, null);
        _free.Push(request);
    }
}
