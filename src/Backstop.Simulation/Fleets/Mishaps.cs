using Backstop.Simulation.Random;

namespace Backstop.Simulation.Fleets;

/// <summary>Makes nodes die and come back, and cuts them off for a while.</summary>
internal sealed class Mishaps
{
    private readonly World _world;
    private readonly SplitMix64 _random;
    private readonly IReadOnlyList<SimulatedGateway> _gateways;
    private readonly HashSet<string> _cut = new(StringComparer.Ordinal);
    private bool _controlIsDown;
    private bool _isOver;

    public Mishaps(World world, SimulatedControl control, IReadOnlyList<SimulatedGateway> gateways, SplitMix64 random)
    {
        (_world, _gateways, _random) = (world, gateways, random);
        var faults = world.Options.Faults;
        Plan(faults.GatewayCrashEvery, CrashGateway);
        Plan(faults.ControlCrashEvery, () => CrashControl(control));
        Plan(faults.PartitionEvery, () => Part([Any()]));
        Plan(faults.RegionCutEvery, PartRegion);
    }

    /// <summary>How many crashes and cuts there were.</summary>
    public int Count { get; private set; }

    /// <summary>Nothing new goes wrong from now on; what is broken mends in its time.</summary>
    public void End()
    {
        _isOver = true;
        _world.Network.IsFaulty = false;
    }

    private void Plan(TimeSpan? every, Action mishap)
    {
        if (every is { } mean)
        {
            _world.Time.After(_random.Wait(mean), () =>
            {
                if (!_isOver)
                {
                    mishap();
                    Plan(every, mishap);
                }
            });
        }
    }

    private void CrashGateway()
    {
        var gateway = Any();
        if (gateway.IsUp)
        {
            Count++;
            gateway.Crash();
            _world.Time.After(Outage(), gateway.Start);
        }
    }

    private void CrashControl(SimulatedControl control)
    {
        if (!_controlIsDown)
        {
            Count++;
            _controlIsDown = true;
            control.Crash();
            _world.Time.After(Outage(), () =>
            {
                _controlIsDown = false;
                control.Restart();
            });
        }
    }

    private void PartRegion()
    {
        var region = (int)(_random.Uniform() * _world.Options.Regions);
        Part([.. _gateways.Where(g => g.Region == region)]);
    }

    private void Part(SimulatedGateway[] gateways)
    {
        string[] nodes = [.. gateways.Select(g => g.Id).Where(_cut.Add)];
        if (nodes.Length == 0)
        {
            return;
        }

        Count++;
        foreach (var node in nodes)
        {
            _world.Network.Cut(node);
            _world.Log.Add(new FleetEvent.Parted(_world.Now, node, Healed: false));
        }

        _world.Time.After(Outage(), () =>
        {
            foreach (var node in nodes)
            {
                _cut.Remove(node);
                _world.Network.Heal(node);
                _world.Log.Add(new FleetEvent.Parted(_world.Now, node, Healed: true));
            }
        });
    }

    private SimulatedGateway Any() => _gateways[(int)(_random.Uniform() * _gateways.Count)];

    private TimeSpan Outage()
    {
        var outage = _random.Wait(_world.Options.Faults.MeanOutage);
        return outage < _world.Options.Faults.LongestOutage ? outage : _world.Options.Faults.LongestOutage;
    }
}
