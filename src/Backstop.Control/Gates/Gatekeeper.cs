using Backstop.Control.Registry;
using Backstop.Core.Gates;
using Backstop.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Gates;

/// <summary>Lets a release towards traffic, or says which gate keeps it out.</summary>
public sealed partial class Gatekeeper(GateStore gates, SuiteResultStore results, AliasStore aliases, GateRunner runner, TimeProvider clock, ILogger<Gatekeeper> log)
{
    /// <summary>Looks for the results that the alias requires, then runs its gates, one after the other, until an enforcing one keeps the release out.</summary>
    /// <returns>Why it is kept out, with the gate's id; or null.</returns>
    public async Task<string?> Refusal(string alias, Release release, CancellationToken cancel)
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
            if (gate.State == GateState.Enforcing && !result.Passed)
            {
                return result.Reason;
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

    [LoggerMessage(3401, LogLevel.Information, "Gate {Gate} ({State}) on {Release}: {Verdict}, {Failures} failures and {Errors} errors in {Runs} runs.")]
    private static partial void Answered(
        ILogger logger, string gate, GateState state, string release, GateVerdict verdict, int failures, int errors, int runs);
}
