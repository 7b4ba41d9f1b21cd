using System.Collections.Immutable;
using Backstop.Core.Gates;
using Backstop.Core.Gates.Outside;

namespace Backstop.Control.Gates.Outside;

/// <summary>Makes the checks of a suite that others answer.</summary>
/// <param name="folder">The suite's folder.</param>
/// <param name="concurrency">Anchors judged at one time, at least 1.</param>
public sealed class OutsideScorers(string folder, int concurrency) : IDisposable
{
    private readonly CommandScorer _commands = new(folder);
    private readonly ServiceScorer _services = new();

    /// <summary>Holds every judge of a suite against its anchors, anew: a model behind a name may have changed since yesterday.</summary>
    /// <exception cref="Core.Registry.MissingSecretException">The variable of a key is not set.</exception>
    public async Task<ImmutableArray<JudgeAgreement>> Calibrate(Suite suite, CancellationToken cancel)
    {
        var agreements = ImmutableArray.CreateBuilder<JudgeAgreement>();
        foreach (var judge in suite.Outside.OfType<OutsideCheck.Judge>())
        {
            var outcomes = new RunOutcome[judge.Anchors.Length];
            await Parallel.ForAsync(0, outcomes.Length, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancel }, async (i, stop) =>
                outcomes[i] = await _services.Score(judge, judge.Anchors[i].Question, stop));
            agreements.Add(JudgeAgreement.Of(judge, [.. outcomes]));
        }

        return agreements.ToImmutable();
    }

    /// <summary>What the checks say of an answer: the first that fails it, else the first that does not know, else that it passed.</summary>
    /// <exception cref="Core.Registry.MissingSecretException">The variable of a key is not set.</exception>
    public async Task<RunOutcome> Score(ImmutableArray<OutsideCheck> checks, OutsideQuestion question, CancellationToken cancel)
    {
        RunOutcome? unknown = null;
        foreach (var check in checks)
        {
            var outcome = check switch
            {
                OutsideCheck.Command command => await _commands.Score(command, question, cancel),
                OutsideCheck.Http http => await _services.Score(http, question, cancel),
                OutsideCheck.Judge judge => await _services.Score(judge, question, cancel),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
            if (outcome is RunOutcome.Failed)
            {
                return outcome;
            }

            unknown ??= outcome as RunOutcome.Unknown;
        }

        return unknown ?? RunOutcome.Passed.Instance;
    }

    /// <inheritdoc/>
    public void Dispose() => _services.Dispose();
}
