using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Fleets;

/// <summary>A gateway of a simulated fleet: the real route table and ledger of epochs, on a virtual clock.</summary>
internal sealed class SimulatedGateway
{
    private static readonly TimeSpan BatchInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AnswerDeadline = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MeanAnswer = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan MeanLabel = TimeSpan.FromMilliseconds(300);
    private const double LabelledShare = 0.98;

    private readonly World _world;
    private readonly SimulatedControl _control;
    private readonly SplitMix64 _random;

    // What survives a crash: the last table written down, and that there were so many starts.
    private RouteTable _disk = RouteTable.Empty;
    private RouteTable? _oldestDisk;
    private int _starts;

    // What does not.
    private readonly SortedDictionary<long, SimulatedBatch> _unacknowledged = [];
    private readonly SortedDictionary<string, StartedSpan> _started = new(StringComparer.Ordinal);
    private readonly GatewayStream _stream;
    private RouteTable _table = RouteTable.Empty;
    private EpochLedger _ledger = new(AnswerDeadline);
    private DateTimeOffset? _leaseFrom;
    private long _sequence;
    private long _requests;

    private readonly TimeSpan _skew;
    private readonly SimulatedDisk _slowness;

    public SimulatedGateway(string id, int region, World world, SimulatedControl control, SplitMix64 random)
    {
        (Id, Region, _world, _control, _random) = (id, region, world, control, random);
        var faults = world.Options.Faults;
        _skew = faults.ClockSkew == TimeSpan.Zero ? TimeSpan.Zero : faults.ClockSkew * ((2 * random.Uniform()) - 1);
        _slowness = new(world, faults.SlowDisks > 0 && random.Chance(faults.SlowDisks) ? faults.SlowDisk : TimeSpan.Zero, random);
        world.Network.Place(id, faults.RegionDelay * region);
        _stream = new(id, world, random, OnConnect, control.OnBroken);
        world.Time.After(BatchInterval * random.Uniform(), () => world.Time.Every(BatchInterval, Flush));
        world.Time.After(NextArrival(), Arrive);
    }

    public string Id { get; }

    public int Region { get; }

    // What its own clock says.
    private DateTimeOffset Clock => _world.Now + _skew;

    /// <summary>Whether the process lives.</summary>
    public bool IsUp { get; private set; }

    private string StartId => $"{Id}.{_starts}";

    private Route? Route => _table.Routes.GetValueOrDefault(SimulatedFleet.Alias);

    /// <summary>A new process on the same disk.</summary>
    public void Start()
    {
        _starts++;
        IsUp = true;
        _table = _world.Options.Bug == SeededBug.StartsFromAnOldFile ? _oldestDisk ?? _disk : _disk;
        _world.Log.Add(new FleetEvent.Restarted(_world.Now, Id, Generation: null));
        if (Route is { } route)
        {
            _world.Log.Add(new FleetEvent.Applied(_world.Now, Id, route.Generation, FromDisk: true));
        }

        _stream.Connect();
    }

    /// <summary>The process dies, and with it every open request and every batch that was not acknowledged.</summary>
    public void Crash()
    {
        IsUp = false;
        _stream.Close();
        _unacknowledged.Clear();
        _started.Clear();
        (_ledger, _leaseFrom, _sequence) = (new(AnswerDeadline), null, 0);
        _world.Log.Add(new FleetEvent.Crashed(_world.Now, Id));
    }

    /// <summary>Control pushed a route. False when nobody is there to take it.</summary>
    public bool OnRoute(long stream, Route route, IEnumerable<Release> releases)
    {
        if (!_stream.Hears(stream))
        {
            return IsUp;
        }

        if (_world.Options.Bug == SeededBug.AcknowledgesUnapplied && Route is { Candidate: not null } && route.Candidate is null)
        {
            Acknowledge(route.Generation);
            return true;
        }

        var (process, kept) = (_starts, releases.ToArray());
        _slowness.Write(() => IsUp && process == _starts, () => Keep(route, kept));
        return true;
    }

    private void Keep(Route route, Release[] releases)
    {
        switch (_table.Apply(route, releases))
        {
            case ApplyResult.Applied applied:
                _disk = applied.Table; // On disk before it is served.
                _oldestDisk ??= applied.Table;
                _table = applied.Table;
                _leaseFrom = _world.Now;
                _world.Log.Add(new FleetEvent.Applied(_world.Now, Id, route.Generation, FromDisk: false));
                Acknowledge(route.Generation);
                break;
            case ApplyResult.Stale stale:
                Acknowledge(stale.HeldGeneration);
                break;
        }
    }

    /// <summary>Control lets the candidate of exactly this generation live on.</summary>
    public bool OnLease(long stream, long generation)
    {
        if (_stream.Hears(stream) && Route?.Generation == generation)
        {
            _leaseFrom = _world.Now;
            _world.Log.Add(new FleetEvent.LeaseRenewed(_world.Now, Id, generation));
        }

        return IsUp;
    }

    /// <summary>Control stored a batch.</summary>
    public bool OnStored(long stream, BatchName batch)
    {
        if (_stream.Hears(stream) && batch.Start == StartId)
        {
            _unacknowledged.Remove(batch.Sequence);
        }

        return IsUp;
    }

    /// <summary>The stream broke, as this end sees it.</summary>
    public void OnBroken(long stream) => _stream.Broke(stream);

    private void OnConnect(long stream)
    {
        var generation = Route?.Generation ?? 0;
        _stream.Send(() => _control.OnHello(this, stream, generation));
        foreach (var batch in _unacknowledged.Values)
        {
            Send(stream, batch);
        }
    }

    private void Acknowledge(long generation)
    {
        _world.Log.Add(new FleetEvent.Acknowledged(_world.Now, Id, generation));
        var (stream, sentAt) = (_stream.Number, Clock);
        _stream.Send(() => _control.OnAck(this, stream, generation, sentAt));
    }

    private void Flush()
    {
        if (!IsUp)
        {
            return;
        }

        var epochs = _ledger.Collect(Clock);
        if (epochs.IsEmpty && _started.Count == 0)
        {
            return;
        }

        var batch = new SimulatedBatch(new(Id, StartId, _sequence++, epochs), [.. _started.Values]);
        _started.Clear();
        _unacknowledged.Add(batch.Signals.Sequence, batch);
        _world.Log.Add(new FleetEvent.Shipped(_world.Now, Id, batch.Name, batch.Counts()));
        Send(_stream.Number, batch);
    }

    private void Send(long stream, SimulatedBatch batch)
    {
        var sentAt = Clock;
        _stream.Send(() => _control.OnBatch(this, stream, batch, sentAt));
    }

    private void Arrive()
    {
        _world.Time.After(NextArrival(), Arrive);
        if (!IsUp || Route is not { } route)
        {
            return;
        }

        var leaseIsLive = route.Candidate is null || _world.Options.Bug == SeededBug.IgnoresLease
            || (_leaseFrom is { } from && _world.Now - from < route.CandidateLease);
        var assignment = route.Assign($"{StartId}.{_requests++}", leaseIsLive);
        var counted = _world.Options.Bug == SeededBug.MixesGenerations ? Math.Max(1, route.Generation - 1) : route.Generation;
        var ticket = leaseIsLive
            ? _ledger.Assign(new(route.Alias, route.Epoch, counted), assignment.Arm, Clock, route.LabelDeadline)
            : null;
        _world.Log.Add(new FleetEvent.Started(_world.Now, Id, route.Generation, assignment.Arm, _world.NameOf(assignment.Release)!));
        Remember(assignment.Release);

        // Everything is drawn now, so that a crash in between does not shift the draws of later requests.
        var attack = _random.Chance(SimulatedRelease.AttackShare);
        var outcome = _world.Answer(assignment.Release, attack, _random);
        var (answer, label, labelled) = (_random.Wait(MeanAnswer), _random.Wait(MeanLabel), _random.Chance(LabelledShare));
        if (ticket is not null)
        {
            Follow(ticket, attack, outcome, answer, labelled ? label : null);
        }
    }

    // A ticket of a process that died belongs to a ledger that nobody collects.
    private void Follow(EpochLedger.Ticket ticket, bool attack, Outcome outcome, TimeSpan answer, TimeSpan? label) =>
        _world.Time.After(answer, () =>
        {
            if (outcome is not (Outcome.Correct or Outcome.Wrong))
            {
                ticket.Answered(attack, outcome, Served.Reasked);
                return;
            }

            ticket.Answered(attack, Outcome.Unlabelled, Served.Unlabelled);
            if (label is { } wait)
            {
                _world.Time.After(wait, () => ticket.Labelled(outcome == Outcome.Correct));
            }
        });

    private void Remember(string release)
    {
        var span = _started.GetValueOrDefault(release, new(release, Clock, Clock, 0));
        _started[release] = span with { Last = Clock, Count = span.Count + 1 };
    }

    private TimeSpan NextArrival() => _random.Wait(TimeSpan.FromSeconds(_world.Options.Gateways / _world.Options.Rate));
}
