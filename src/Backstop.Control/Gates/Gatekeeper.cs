using Backstop.Control.Registry;
using Backstop.Core.Gates;
using Backstop.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Gates;

/// <summary>Lets a release towards traffic, or says which gate keeps it out.</summary>
/// <remarks>
/// Before a gate keeps a release out, the one that serves now is asked the same. Where that fails too the gate tells nothing about
/// the new one: the promotion waits, and the block counts as false. A gate that did so twice is quarantined by itself.
/// </remarks>
public sealed partial class Gatekeeper(GateStore gates, SuiteResultStore results, AliasStore aliases, GateRunner runner, TimeProvider clock, ILogger<Gatekeeper> log)
{
    /// <summary>Looks for the results that the alias requires, then runs its gates, one after the other, until an enforcing one keeps the release out.</summary>
    /// <param name="alias">Whose gates.</param>
    /// <param name="release">The release that wants in.</param>
    /// <param name="serving">The release that serves now.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Why it is kept out, with the gate's id; or null.</returns>
    public async Task<string?> Refusal(string alias, Release release, Release serving, CancellationToken cancel)
    {
        if (await aliases.Find(alias) is { } record && await Missing(record, release) is { } missing)
        {
            return missing + ".";
        }

        foreach (var gate in await gates.All(alias))
        {
            if (gate.State is not (GateState.Shadow or GateState.Enforcing))
            {
                continue;
            }

            var result = await runner.Run(gate, release, progress: null, cancel);
            Answered(log, gate.Id, gate.State, release.Name, result.Verdict, result.Counts.Failures, result.Counts.Errors, result.Counts.Runs);
            if (gate.State == GateState.Enforcing && !result.Passed && await Stands(gate, result, serving, cancel) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <summary>Which result that an alias requires a release does not have, and what to do; or null.</summary>
    public async Task<string?> Missing(AliasRecord alias, Release release)
    {
        if (alias.RequiredGates.IsEmpty)
        {
            return null;
        }

        var (found, now) = (await results.Of(release.Digest), clock.GetUtcNow());
        return alias.RequiredGates.Select(gate => gate.Objection(release.Name, found.Find(r => r.Gate == gate.Gate), now)).FirstOrDefault(objection => objection is not null);
    }

    // Why the gate keeps it out; null when the gate was quarantined over it.
    private async Task<string?> Stands(Gate gate, GateResult result, Release serving, CancellationToken cancel)
    {
        if (result.Verdict != GateVerdict.Failed || serving.Digest == result.Release)
        {
            return result.Reason;
        }

        var control = await runner.Run(gate, serving, progress: null, cancel);
        if (control.Verdict != GateVerdict.Failed)
        {
            return result.Reason;
        }

        var why = $"{serving.Name}, which serves now, fails it too: {control.Counts.Failures} of {control.Counts.Runs} answers";
        var doubted = gate.Dispute(new(clock.GetUtcNow(), result.Release, "backstop", why));
        await gates.Save(doubted, "backstop", $"a false block: {why}");
        FalselyBlocked(log, gate.Id, doubted.State, why);
        return doubted.State == GateState.Quarantined ? null : $"{result.Reason} But {why}. So the gate tells nothing today; find out what both share, and try again.";
    }

    [LoggerMessage(3402, LogLevel.Warning, "Gate {Gate} ({State}) blocked falsely: {Why}.")]
    private static partial void FalselyBlocked(ILogger logger, string gate, GateState state, string why);

    [LoggerMessage(3401, LogLevel.Information, "Gate {Gate} ({State}) on {Release}: {Verdict}, {Failures} failures and {Errors} errors in {Runs} runs.")]
    private static partial void Answered(
        ILogger logger, string gate, GateState state, string release, GateVerdict verdict, int failures, int errors, int runs);
}
