using System.Collections.Immutable;
using Backstop.Core.Gates;
using Backstop.Core.Guards;
using Backstop.Core.Prompts;
using Backstop.Core.Registry;

namespace Backstop.Control.Gates;

/// <summary>Asks the replicas of a release the cases of a gate: directly, every time afresh, a few at once.</summary>
public sealed class GateRunner : IDisposable
{
    private const int Concurrency = 12;
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly ReleaseCaller _caller = new(Concurrency * 2, AnswerTimeout);

    /// <summary>Runs a gate on a release.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="release">The release; its replicas must be running.</param>
    /// <param name="progress">Told the number of answers so far, or null.</param>
    /// <param name="cancel">Ends the run; a run that was ended has no result.</param>
    public async Task<GateResult> Run(Gate gate, Release release, IProgress<int>? progress, CancellationToken cancel)
    {
        var counts = await Ask(release, gate.Alias, gate.Cases, gate.SamplesPerCase, gate.ExtraPolicy, progress, cancel, TimeSpan.FromSeconds(gate.BudgetSeconds));
        var all = counts.Aggregate(new RunCounts(0, 0, 0), (sum, one) => sum + one);
        return new(gate.Id, release.Digest, gate.Judge(all), all, gate.FailIfMoreThan);
    }

    /// <summary>Asks every case so many times and counts, case by case, what the answers were worth.</summary>
    /// <param name="budget">What is not answered by then has no outcome; null for as long as it takes.</param>
    public async Task<ImmutableArray<RunCounts>> Ask(
        Release release,
        string alias,
        ImmutableArray<GateCase> cases,
        int samples,
        string? extraPolicy,
        IProgress<int>? progress,
        CancellationToken cancel,
        TimeSpan? budget = null)
    {
        if (JudgeOf(release, alias, extraPolicy, out var judge, out var headers, out var prompt) is { } unusable)
        {
            return [.. cases.Select(_ => RunCounts.Of([.. Enumerable.Repeat(unusable, samples)]))];
        }

        var bodies = cases.Select(c => ReleaseCaller.BodyOf(release, prompt, c.Messages)).ToArray();
        var outcomes = new RunOutcome[cases.Length * samples];
        var done = 0;

        using var time = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        time.CancelAfter(budget ?? Timeout.InfiniteTimeSpan);
        try
        {
            // Round after round over all cases, so that one slow case does not end up alone at the end.
            await Parallel.ForAsync(0, outcomes.Length, new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = time.Token }, async (run, stop) =>
            {
                var replica = release.Serving.Replicas[run % release.Serving.Replicas.Length];
                var (answer, error) = await _caller.Ask(release, replica, headers, bodies[run % cases.Length], stop);
                outcomes[run] = answer is null ? new RunOutcome.Unknown(error!) : judge!.Judge(cases[run % cases.Length], answer.Text);
                progress?.Report(Interlocked.Increment(ref done));
            });
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            var over = new RunOutcome.Unknown($"not answered within the budget of {budget!.Value.TotalSeconds:0} s");
            for (var run = 0; run < outcomes.Length; run++)
            {
                outcomes[run] ??= over;
            }
        }

        return [.. Enumerable.Range(0, cases.Length).Select(c => RunCounts.Of([.. outcomes.Where((_, run) => run % cases.Length == c)]))];
    }

    /// <inheritdoc/>
    public void Dispose() => _caller.Dispose();

    // Why no run can have an outcome, or null, the judge, and the headers and first messages of every request.
    private static RunOutcome.Unknown? JudgeOf(
        Release release,
        string alias,
        string? extraPolicy,
        out AnswerJudge? judge,
        out ImmutableArray<KeyValuePair<string, string>> headers,
        out ImmutableArray<PromptMessage> prompt)
    {
        (judge, headers, prompt) = (null, [], []);
        if (release.Serving.Protocol != "openai")
        {
            return new($"gates ask in the OpenAI protocol, and {release.Name} speaks {release.Serving.Protocol}");
        }

        try
        {
            headers = release.Serving.HeadersWith(Environment.GetEnvironmentVariable);
            prompt = ReleaseCaller.PromptOf(release);
            judge = AnswerJudge.Of(alias, release.GuardPolicy, extraPolicy);
            return null;
        }
        catch (GuardPolicyException e)
        {
            return new($"the guard policy of {release.Name} cannot be used: {e.Message}");
        }
        catch (Exception e) when (e is MissingSecretException or PromptException)
        {
            return new(e.Message);
        }
    }
}
