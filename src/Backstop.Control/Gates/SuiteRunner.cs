using System.Collections.Immutable;
using Backstop.Control.Gates.Outside;
using Backstop.Core.Gates;
using Backstop.Core.Registry;

namespace Backstop.Control.Gates;

/// <summary>How a suite is run.</summary>
/// <param name="Concurrency">Answers asked for at one time, at least 1.</param>
/// <param name="PerSecond">Most requests a second; null for no limit.</param>
public sealed record SuitePace(int Concurrency, double? PerSecond);

/// <summary>Runs a suite of files on a release, answer by answer. What is known already is not asked again, so that a run can be taken up.</summary>
public sealed class SuiteRunner(SuitePace pace, TimeSpan timeout, OutsideScorers outside, TimeProvider clock) : IDisposable
{
    private readonly ReleaseCaller _caller = new(pace.Concurrency * 2, timeout);
    private readonly SemaphoreSlim _gap = new(1, 1);
    private DateTimeOffset _next;

    /// <summary>Runs it.</summary>
    /// <param name="known">What an earlier, broken run learnt, by case and sample. Errors are asked again.</param>
    /// <param name="learnt">Told every new outcome as it comes, from many threads.</param>
    /// <returns>By case, in the suite's order.</returns>
    /// <exception cref="MissingSecretException">The release needs a secret that the environment lacks.</exception>
    /// <exception cref="Core.Prompts.PromptException">Its prompt needs a variable that has no example.</exception>
    public async Task<ImmutableArray<RunCounts>> Run(
        Suite suite, Release release, IReadOnlyDictionary<(string Case, int Sample), RunOutcome> known, Action<string, int, RunOutcome> learnt, CancellationToken cancel)
    {
        var headers = release.Serving.HeadersWith(Environment.GetEnvironmentVariable);
        var prompt = ReleaseCaller.PromptOf(release);
        var bodies = suite.Cases.Select(c => ReleaseCaller.BodyOf(release, prompt, c.Messages)).ToArray();
        var outcomes = new RunOutcome[suite.Runs];

        // Round after round over all cases, so that one slow case does not end up alone at the end.
        await Parallel.ForAsync(0, outcomes.Length, new ParallelOptions { MaxDegreeOfParallelism = pace.Concurrency, CancellationToken = cancel }, async (run, stop) =>
        {
            var (asked, sample) = (suite.Cases[run % suite.Cases.Length], run / suite.Cases.Length);
            if (known.TryGetValue((asked.Id, sample), out var before) && before is not RunOutcome.Unknown)
            {
                outcomes[run] = before;
                return;
            }

            await Turn(stop);
            var (answer, error) = await _caller.Ask(release, release.Serving.Replicas[run % release.Serving.Replicas.Length], headers, bodies[run % suite.Cases.Length], stop);
            outcomes[run] = answer is null ? new RunOutcome.Unknown(error!) : await Score(suite, asked, answer, stop);
            learnt(asked.Id, sample, outcomes[run]);
        });
        return [.. Enumerable.Range(0, suite.Cases.Length).Select(c => RunCounts.Of([.. outcomes.Where((_, run) => run % suite.Cases.Length == c)]))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _caller.Dispose();
        _gap.Dispose();
    }

    private async Task<RunOutcome> Score(Suite suite, SuiteCase asked, ModelAnswer answer, CancellationToken cancel)
    {
        // What its own checks fail need not be shown to anybody else.
        var own = asked.Score(answer);
        return own is RunOutcome.Passed && !suite.Outside.IsEmpty
            ? await outside.Score(suite.Outside, new(asked.Id, asked.Messages, asked.Expected, answer), cancel)
            : own;
    }

    private async Task Turn(CancellationToken cancel)
    {
        if (pace.PerSecond is not { } rate)
        {
            return;
        }

        await _gap.WaitAsync(cancel);
        try
        {
            var now = clock.GetUtcNow();
            if (_next > now)
            {
                await Task.Delay(_next - now, clock, cancel);
            }

            _next = (now > _next ? now : _next) + TimeSpan.FromSeconds(1 / rate);
        }
        finally
        {
            _gap.Release();
        }
    }
}
