using System.Collections.Immutable;
using Backstop.Core.Incidents.Suspects;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Incidents;

/// <summary>A case with what is known about it because it was made.</summary>
/// <param name="First">What is known at the first look.</param>
/// <param name="Closer">The same after what diagnosis asks for by itself: every request of both arms judged, more probes, ablation.</param>
/// <param name="Truth">Each cause whose removal would have saved a quarter of the trouble or more; empty when there was none to see.</param>
public sealed record SimulatedIncident(IncidentCase First, Lazy<IncidentCase> Closer, ImmutableArray<Cause> Truth)
{
    // A cause or a rollback counts from this share of the trouble that it saves.
    private const double ButFor = 0.25;

    // Less trouble than this in a hundred requests nobody sees.
    private const double Visible = 0.01;

    private const int TwinRequests = 1500;

    internal static SimulatedIncident Make(IncidentFamily family, CorpusOptions options, ulong seed)
    {
        var luck = new SplitMix64(seed).Split();
        var swapped = family.Swapped.IsDefault ? SomeParts(luck) : family.Swapped;
        var usual = Usual(swapped, luck);
        var today = usual with { Around = AnotherDay(usual.Around, options.Noise, luck) };
        var broken = family.Faults.Aggregate(today, (world, fault) => fault.Change(world, options.Effect));
        var (truth, helps) = ButForTwins(family, today, broken, options.Effect, seed);
        var observer = new CaseObserver(family, options, usual, today, broken, swapped, seed);
        var told = new CaseTruth([.. truth.Select(SignatureTable.KindOf).Distinct()], helps, family.Name);
        return new(observer.Look(closer: false) with { Truth = told }, new(() => observer.Look(closer: true) with { Truth = told }), truth);
    }

    /// <summary>The same requests with the same luck, without one of the causes, and with the previous release.</summary>
    private static (ImmutableArray<Cause> Truth, bool Helps) ButForTwins(IncidentFamily family, World today, World broken, double effect, ulong seed)
    {
        var (all, none) = (Trouble(broken), Trouble(today));
        if (family.IsNothing || all - none < Visible)
        {
            return ([], false);
        }

        var truth = family.Faults
            .Where(fault => all - Trouble(family.Faults.Where(f => f != fault).Aggregate(today, (world, f) => f.Change(world, effect))) >= ButFor * (all - none))
            .Select(fault => fault.Cause)
            .ToImmutableArray();
        return (truth, all - Trouble(broken with { Production = broken.Holdback }) >= ButFor * (all - none));

        double Trouble(World world) => new SimulatedTraffic(world, holdback: false, TwinRequests, seed + 3).Serve(TwinRequests).Trouble;
    }

    private static ImmutableArray<string> SomeParts(SplitMix64 luck) => (int)(luck.Uniform() * 4) switch
    {
        0 => ["model"],
        1 => ["prompt"],
        2 => ["model", "prompt"],
        _ => ["guard_policy"],
    };

    // No two services are alike; and where a part differs between two releases, it differs a little without harm.
    private static World Usual(ImmutableArray<string> swapped, SplitMix64 luck)
    {
        var holdback = new ServedRelease(
            new() { Skill = 2.7 + (0.6 * luck.Uniform()), Malformed = 0.002 + (0.003 * luck.Uniform()), Unsafe = 0.001 + (0.002 * luck.Uniform()) },
            new() { Refusals = 0.005 + (0.01 * luck.Uniform()) },
            new() { OverBlocks = 0.002 + (0.003 * luck.Uniform()), Misses = 0.05 + (0.1 * luck.Uniform()) });
        var (skill, length) = (0.04 * SimulatedTraffic.Normal(luck), Math.Exp(0.02 * SimulatedTraffic.Normal(luck)));
        var production = holdback with
        {
            Model = swapped.Contains("model") || swapped.Contains("parameters") ? holdback.Model with { Skill = holdback.Model.Skill + skill, Verbosity = length } : holdback.Model,
            Prompt = swapped.Contains("prompt") ? holdback.Prompt with { Skill = skill / 2, Verbosity = length } : holdback.Prompt,
        };
        return new(production, holdback, new()
        {
            HardShare = 0.1 + (0.2 * luck.Uniform()),
            NewSubject = 0.02 + (0.06 * luck.Uniform()),
            IndexAge = 0.5 + (3 * luck.Uniform()),
            AttackShare = 0.005 + (0.03 * luck.Uniform()),
            Judge = (0.02 + (0.03 * luck.Uniform()), 0.05 + (0.1 * luck.Uniform())),
            LabelLag = 15 + (15 * luck.Uniform()),
            ProviderFails = 0.005 + (0.01 * luck.Uniform()),
        });
    }

    private static Surroundings AnotherDay(Surroundings a, double noise, SplitMix64 luck)
    {
        return a with
        {
            HardShare = Vary(a.HardShare),
            NewSubject = Vary(a.NewSubject),
            IndexAge = Vary(a.IndexAge),
            RetrievalFails = Vary(a.RetrievalFails),
            RetrievalSlowness = Vary(a.RetrievalSlowness),
            ProviderFails = Vary(a.ProviderFails),
            ProviderSlowness = Math.Sqrt(Vary(a.ProviderSlowness)),
            ToolFails = Vary(a.ToolFails),
            AttackShare = Vary(a.AttackShare),
            Judge = (Vary(a.Judge.False), Vary(a.Judge.Missed)),
            LabelLag = Vary(a.LabelLag),
            LostGood = Vary(a.LostGood),
            Load = Vary(a.Load),
        };

        double Vary(double value) => value * Math.Exp(noise * SimulatedTraffic.Normal(luck));
    }
}
