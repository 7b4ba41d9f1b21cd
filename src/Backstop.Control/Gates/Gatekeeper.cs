using Backstop.Core.Gates;
using Backstop.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Gates;

/// <summary>Lets a release towards traffic, or says which gate keeps it out.</summary>
public sealed partial class Gatekeeper(GateStore gates, GateRunner runner, ILogger<Gatekeeper> log)
{
    /// <summary>Runs the gates of an alias, one after the other, until an enforcing one keeps the release out.</summary>
    /// <returns>Why it is kept out, with the gate's id; or null.</returns>
    public async Task<string?> Refusal(string alias, Release release, CancellationToken cancel)
    {
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

    [LoggerMessage(3401, LogLevel.Information, "Gate {Gate} ({State}) on {Release}: {Verdict}, {Failures} failures and {Errors} errors in {Runs} runs.")]
    private static partial void Answered(
        ILogger logger, string gate, GateState state, string release, GateVerdict verdict, int failures, int errors, int runs);
}
