using System.Collections.Immutable;
using Backstop.Control.Gates;
using Backstop.Control.Registry;
using Backstop.Core.Gates;
using Backstop.Core.Guards;
using Backstop.Core.Incidents;
using Backstop.Core.Registry;

namespace Backstop.Control.Incidents;

/// <summary>Makes a gate of an incident and proves, by running it, that it stops the bad release and passes the good one.</summary>
/// <remarks>
/// Three separate rounds of fresh answers: the first chooses cases, the second measures the rates that the limit is designed
/// for, the third is the proof (<see cref="Prover"/>). Rates or proofs from the answers that chose would flatter the gate.
/// </remarks>
public sealed class Learner(
    IncidentBook book, GateStore gates, MonitorStore monitors, AliasStore aliases, GateRunner runner, Prover prover, AblationRunner ablation, ReleaseStore releases, GateFolder folder, TimeProvider clock) : IDisposable
{
    private const int ChoosingSamples = 3;
    private const int MeasuredRuns = 150;

    private static readonly TimeSpan ReviewAfter = TimeSpan.FromDays(180);

    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Learns from an incident. A second call returns the gate of the first.</summary>
    public async Task<LearnResult> Learn(string incidentId, string actor, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            return await book.Change(incidentId, incident => incident) switch
            {
                null => new LearnResult.Unknown(),
                { GateId: { } known } when await gates.Find(known) is { } gate => new LearnResult.Learned(gate, New: false),
                { GateId: { } known } when await monitors.Find(known) is { } monitor => new LearnResult.Watched(monitor, New: false),
                { Diagnosis.ReleaseToBlame: not true, Containments.IsEmpty: false } incident => await Watch(incident, actor, cancel),
                { } incident => await Learn(incident, actor, cancel),
            };
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private async Task<LearnResult> Learn(Incident incident, string actor, CancellationToken cancel)
    {
        if (incident.Diagnosis?.ReleaseToBlame is not true)
        {
            return new LearnResult.Impossible(
                $"The release is not shown to be to blame for {incident.Id}, so a gate that stops it would prove nothing. Look at what both arms share.");
        }

        var cases = LearningSet.CasesOf(incident.Samples);
        if (cases.IsEmpty)
        {
            return new LearnResult.Impossible(
                $"{incident.Id} holds no failing request. Switch capture_samples on for {incident.Alias}; samples are kept from then on.");
        }

        var (bad, good) = (await releases.Get(incident.Release), await releases.Get(incident.Baseline));
        if (incident.Ablations.IsEmpty)
        {
            // Both releases are asked now as it is: which of several changed parts it was belongs into the postmortem.
            await ablation.Run(incident, cancel);
        }

        // A release that dropped the check which would have stopped it must not pass by its own rules.
        var extraPolicy = incident.Components.Contains("guard_policy") ? good.GuardPolicy ?? GuardPolicy.DefaultJson : null;
        var chosen = GateDesign.Telling(cases, await Ask(good, incident, cases, ChoosingSamples, extraPolicy, cancel));
        var design = await Measure(bad, good, incident, chosen, extraPolicy, cancel);
        if (design is not GateDesignResult.Chosen fit)
        {
            return new LearnResult.Impossible(((GateDesignResult.CannotTell)design).Reason);
        }

        var gate = await prover.Prove(GateOf(incident, chosen, fit, extraPolicy, actor), bad, good, cancel);
        await gates.Save(gate, actor);
        var learned = await book.Change(incident.Id, i => i.Learn(gate.Id));
        await folder.Write(gate, learned!, bad.Name, good.Name, cancel);
        return new LearnResult.Learned(gate, New: true);
    }

    // No release carries the fault, so no gate could stop it: the rule that contained it stays.
    private async Task<LearnResult> Watch(Incident incident, string actor, CancellationToken cancel)
    {
        var contract = (await aliases.Find(incident.Alias))!.Traffic.Inputs;
        var (monitor, why) = InputMonitor.Of(incident, contract, actor, clock.GetUtcNow());
        if (monitor is null)
        {
            return new LearnResult.Impossible(why!);
        }

        await monitors.Save(monitor, actor);
        var learned = await book.Change(incident.Id, i => i.Learn(monitor.Id));
        await folder.Write(monitor, contract, learned!, (await releases.Get(incident.Release)).Name, (await releases.Get(incident.Baseline)).Name, cancel);
        return new LearnResult.Watched(monitor, New: true);
    }

    // Measures once, and a second time when the first look was not sharp enough to design a gate.
    private async Task<GateDesignResult> Measure(
        Release bad, Release good, Incident incident, ImmutableArray<GateCase> cases, string? extraPolicy, CancellationToken cancel)
    {
        var (badCounts, goodCounts) = (new RunCounts(0, 0, 0), new RunCounts(0, 0, 0));
        var samples = cases.IsEmpty ? 0 : (MeasuredRuns + cases.Length - 1) / cases.Length;
        var design = GateDesign.Choose(badCounts, goodCounts, cases.Length);
        for (var look = 0; look < 2 && samples > 0 && design is GateDesignResult.CannotTell; look++)
        {
            var counts = await Task.WhenAll(
                Ask(bad, incident, cases, samples, extraPolicy, cancel), Ask(good, incident, cases, samples, extraPolicy, cancel));
            badCounts = counts[0].Aggregate(badCounts, (sum, one) => sum + one);
            goodCounts = counts[1].Aggregate(goodCounts, (sum, one) => sum + one);
            design = GateDesign.Choose(badCounts, goodCounts, cases.Length);
        }

        return design;
    }

    private Task<ImmutableArray<RunCounts>> Ask(
        Release release, Incident incident, ImmutableArray<GateCase> cases, int samples, string? extraPolicy, CancellationToken cancel) =>
        runner.Ask(release, incident.Alias, cases, samples, extraPolicy, progress: null, cancel);

    private Gate GateOf(Incident incident, ImmutableArray<GateCase> cases, GateDesignResult.Chosen fit, string? extraPolicy, string actor) => new()
    {
        Id = $"gate-{incident.Id}",
        Alias = incident.Alias,
        Cases = cases,
        SamplesPerCase = fit.SamplesPerCase,
        FailIfMoreThan = fit.FailIfMoreThan,
        ExtraPolicy = extraPolicy,
        BadFailRate = fit.BadFailRate,
        GoodFailRate = fit.GoodFailRate,
        Power = fit.Power,
        FalseBlock = fit.FalseBlock,
        Owner = actor,
        IncidentId = incident.Id,
        CreatedAt = clock.GetUtcNow(),
        ReviewBy = clock.GetUtcNow() + ReviewAfter,
    };
}

/// <summary>What became of learning.</summary>
public abstract record LearnResult
{
    private LearnResult()
    {
    }

    /// <summary>There is a gate, with its certificate. It enforces only when the certificate holds.</summary>
    public sealed record Learned(Gate Gate, bool New) : LearnResult;

    /// <summary>No release carries the fault; a rule at the gateways stands against it.</summary>
    public sealed record Watched(InputMonitor Monitor, bool New) : LearnResult;

    /// <summary>No gate can be made; the text says why and what to do.</summary>
    public sealed record Impossible(string Reason) : LearnResult;

    /// <summary>There is no incident of this id.</summary>
    public sealed record Unknown : LearnResult;
}
