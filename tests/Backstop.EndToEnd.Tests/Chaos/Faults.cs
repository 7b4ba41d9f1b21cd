using Backstop.Emulation;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>What goes wrong in a fleet of real processes, and how it ends.</summary>
internal sealed class Faults(ProcessFleet fleet, int seed)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

    private readonly List<string> _happened = [];

    /// <summary>What happened, in order, with how long it lasted.</summary>
    public IReadOnlyList<string> Happened
    {
        get
        {
            lock (_happened)
            {
                return [.. _happened];
            }
        }
    }

    /// <summary>Lets one thing after the other go wrong, beside each other where requests are answered and where decisions are made.</summary>
    public Task Run(TimeSpan time, CancellationToken cancel) => Task.WhenAll(
        Run(Serving(cancel), 1, time, mostDown: 1, fleet.Gateways, cancel), Run(Deciding(), 2, time, mostDown: 0, fleet.Controls, cancel));

    private async Task Run(
        List<(string Name, Func<FleetNode, Task> Begin, Func<FleetNode, Task> End, FleetNode[] Victims)> faults, int lane, TimeSpan time, int mostDown, FleetNode[] of, CancellationToken cancel)
    {
        var dice = Dice.For(seed, lane);
        var began = TimeProvider.System.GetTimestamp();
        for (var turn = 0; TimeProvider.System.GetElapsedTime(began) < time; turn++)
        {
            // Each kind once before any comes again; then by chance.
            var (name, begin, end, victims) = faults[turn < faults.Count ? turn : (int)(dice.NextDouble() * faults.Count)];
            var victim = victims[(int)(dice.NextDouble() * victims.Length)];
            var lasts = Shortest + (dice.NextDouble() * (Longest - Shortest));
            lock (_happened)
            {
                _happened.Add($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {victim.Name} {name} for {lasts.TotalSeconds:0.0} s");
            }

            await begin(victim);
            await Task.Delay(lasts, cancel);
            await end(victim);

            // Where starting takes longer than the next blow takes to come, on a busy machine, none would ever be there.
            while (of.Count(node => node.IsDown) > mostDown)
            {
                await Task.Delay(50, cancel);
            }

            await Task.Delay(dice.NextDouble() * Longest / 2, cancel);
        }
    }

    private List<(string, Func<FleetNode, Task>, Func<FleetNode, Task>, FleetNode[])> Serving(CancellationToken cancel)
    {
        FleetNode[] replicas = [.. fleet.Pools.Values.SelectMany(p => p)];
        List<(string, Func<FleetNode, Task>, Func<FleetNode, Task>, FleetNode[])> faults =
        [
            ("killed", g => g.Kill(), Wanted, fleet.Gateways),
            ("killed", r => r.Kill(), Back, replicas),
            ("stopped", g => Do(g.Pause), g => Do(g.Resume), fleet.Gateways),
            ("stopped", r => Do(r.Pause), r => Do(r.Resume), replicas),
        ];
        if (fleet.IsApart)
        {
            faults.Add(("cut off", g => g.Cut(), g => g.Join(), fleet.Gateways));
            faults.Add(("cut off from every control plane", g => EachControl(g, g.Place!.Part), g => EachControl(g, g.Place!.Unite), fleet.Gateways));
            faults.Add(("without room on its disk", g => Do(g.Disk!.Fill), g => Do(g.Disk!.Clear), fleet.Gateways));
        }

        return faults;

        // Nobody could answer if the other replica of its release died before it is there again.
        Task Back(FleetNode replica)
        {
            replica.IsWanted = true;
            return replica.IsUp(cancel);
        }
    }

    private List<(string, Func<FleetNode, Task>, Func<FleetNode, Task>, FleetNode[])> Deciding()
    {
        List<(string, Func<FleetNode, Task>, Func<FleetNode, Task>, FleetNode[])> faults =
        [
            ("killed", c => c.Kill(), Wanted, fleet.Controls),
            ("stopped", c => Do(c.Pause), c => Do(c.Resume), fleet.Controls),
            ("and everybody beside PostgreSQL that crashed", _ => fleet.Postgres.Crash(), _ => fleet.Postgres.StartAgain(), fleet.Controls),
        ];
        if (fleet.IsApart)
        {
            faults.Add(("cut off", c => c.Cut(), c => c.Join(), fleet.Controls));
            faults.Add(("parted from the next one", c => c.Place!.Part(After(c).Place!), c => c.Place!.Unite(After(c).Place!), fleet.Controls));
            faults.Add(("without room on its disk", c => Do(c.Disk!.Fill), c => Do(c.Disk!.Clear), fleet.Controls));
            faults.Add(("and everybody beside PostgreSQL without room on its disk", _ => Do(fleet.StoreDisk!.Fill), RoomForTheStore, fleet.Controls));
        }

        return faults;
    }

    private FleetNode After(FleetNode control) => fleet.Controls[(Array.IndexOf(fleet.Controls, control) + 1) % fleet.Controls.Length];

    private async Task EachControl(FleetNode gateway, Func<FleetNetwork.Place, Task> act)
    {
        foreach (var control in fleet.Controls)
        {
            await act(control.Place!);
        }
    }

    private async Task RoomForTheStore(FleetNode control)
    {
        fleet.StoreDisk!.Clear();
        await fleet.Postgres.Revive(); // It ends itself when it cannot write its log ahead.
    }

    private static Task Wanted(FleetNode node) => Do(() => node.IsWanted = true);

    private static Task Do(Action act)
    {
        act();
        return Task.CompletedTask;
    }
}
