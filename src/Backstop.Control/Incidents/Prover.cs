using System.Collections.Immutable;
using System.Diagnostics;
using Backstop.Control.Gates;
using Backstop.Control.Registry;
using Backstop.Core.Gates;
using Backstop.Core.Registry;

namespace Backstop.Control.Incidents;

/// <summary>Runs a finished gate on the bad release, on good ones and on variants of the fault, and writes down what it did.</summary>
public sealed class Prover(GateRunner runner, AliasStore aliases, ReleaseStore releases, TimeProvider clock)
{
    /// <summary>Runs on the bad release. One in five that passes would be seen in two proofs of three.</summary>
    public const int BadRuns = 5;

    /// <summary>Runs on good releases, of as many releases as are left.</summary>
    public const int GoodRuns = 3;

    // A run that takes five times as long as the slowest of these is not worth waiting for.
    private const int Patience = 5;
    private const int LeastBudgetSeconds = 30;
    private const int MostBudgetSeconds = 600;

    /// <summary>The gate with its certificate, enforcing if that holds.</summary>
    public async Task<Gate> Prove(Gate gate, Release bad, Release good, CancellationToken cancel)
    {
        var others = await OtherGoods(gate, bad, good, cancel);
        var (bads, goods) = (Repeat(gate, bad, BadRuns, cancel), Repeat(gate, good, Math.Max(1, GoodRuns - others.Count(o => o.Passes is not null)), cancel));
        await Task.WhenAll(bads, goods);
        var certificate = new Certificate(
            bad.Digest,
            good.Digest,
            bads.Result.Runs[0].Counts,
            goods.Result.Runs[0].Counts,
            BlocksBad: bads.Result.Runs.All(r => r.Verdict == GateVerdict.Failed),
            PassesGood: goods.Result.Runs.All(r => r.Passed),
            gate.Power,
            gate.FalseBlock,
            GateFiles.CasesDigest(gate.Cases),
            clock.GetUtcNow())
        {
            MoreBad = [.. bads.Result.Runs.Skip(1).Select(r => r.Counts)],
            MoreGood = [.. goods.Result.Runs.Skip(1).Select(r => r.Counts)],
            OtherGoods = others,
            Variants = await Variants(gate, bad, good, cancel),
        };
        var slowest = Math.Max(bads.Result.Slowest.TotalSeconds, goods.Result.Slowest.TotalSeconds);
        return gate with
        {
            Certificate = certificate,
            State = certificate.Holds ? GateState.Enforcing : GateState.Draft,
            BudgetSeconds = Math.Clamp((int)Math.Ceiling(Patience * slowest), LeastBudgetSeconds, MostBudgetSeconds),
        };
    }

    private async Task<(List<GateResult> Runs, TimeSpan Slowest)> Repeat(Gate gate, Release release, int times, CancellationToken cancel)
    {
        var (runs, slowest) = (new List<GateResult>(), TimeSpan.Zero);
        for (var i = 0; i < times; i++)
        {
            var watch = Stopwatch.StartNew();
            runs.Add(await runner.Run(gate with { BudgetSeconds = MostBudgetSeconds }, release, progress: null, cancel));
            slowest = watch.Elapsed > slowest ? watch.Elapsed : slowest;
        }

        return (runs, slowest);
    }

    private async Task<ImmutableArray<FaultVariant>> Variants(Gate gate, Release bad, Release good, CancellationToken cancel)
    {
        var (half, rest) = (gate.Cases.Where((_, i) => i % 2 == 0).ToImmutableArray(), gate.Cases.Where((_, i) => i % 2 == 1).ToImmutableArray());
        var mixed = await Ask(gate, bad, half, cancel) + await Ask(gate, good, rest, cancel);
        var variants = ImmutableArray.CreateBuilder<FaultVariant>();
        variants.Add(new(FaultVariants.Half, mixed, Good: null, gate.Judge(mixed) == GateVerdict.Failed));
        variants.Add(await Variant(FaultVariants.Reworded, gate, FaultVariants.Reword(gate.Cases), bad, good, cancel));
        if (FaultVariants.WithSurrogates(gate.Cases) is { } surrogates)
        {
            variants.Add(await Variant(FaultVariants.Surrogates, gate, surrogates, bad, good, cancel));
        }

        return variants.ToImmutable();
    }

    private async Task<FaultVariant> Variant(string name, Gate gate, ImmutableArray<GateCase> cases, Release bad, Release good, CancellationToken cancel)
    {
        var (fails, passes) = (await Ask(gate, bad, cases, cancel), await Ask(gate, good, cases, cancel));
        return new(name, fails, passes, gate.Judge(passes) == GateVerdict.Passed ? gate.Judge(fails) == GateVerdict.Failed : null);
    }

    private async Task<RunCounts> Ask(Gate gate, Release release, ImmutableArray<GateCase> cases, CancellationToken cancel) =>
        (await runner.Ask(release, gate.Alias, cases, gate.SamplesPerCase, gate.ExtraPolicy, progress: null, cancel)).Aggregate(new RunCounts(0, 0, 0), (sum, one) => sum + one);

    private async Task<ImmutableArray<GoodRelease>> OtherGoods(Gate gate, Release bad, Release good, CancellationToken cancel)
    {
        var proofs = ImmutableArray.CreateBuilder<GoodRelease>();
        var quarantined = (await aliases.Find(gate.Alias))?.Quarantined ?? [];
        foreach (var digest in (await aliases.Served(gate.Alias)).Where(d => d != bad.Digest && d != good.Digest && !quarantined.Contains(d)).Take(GoodRuns - 1))
        {
            var result = await runner.Run(gate, await releases.Get(digest), progress: null, cancel);
            proofs.Add(new(digest, result.Counts, result.Verdict == GateVerdict.Inconclusive ? null : result.Passed));
        }

        return proofs.ToImmutable();
    }
}
