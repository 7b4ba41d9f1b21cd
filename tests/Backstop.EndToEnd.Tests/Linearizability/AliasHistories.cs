using System.Diagnostics;
using System.Net;
using Backstop.Client;

namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary>Many clients at once on many aliases, over HTTP; what each asked and was told.</summary>
/// <param name="server">The control plane. It may die and come back at the same address.</param>
/// <param name="releases">Three registered releases; aliases begin on the first.</param>
internal sealed class AliasHistories(Uri server, string[] releases)
{
    private const int Clients = 3;
    private const int StepsEach = 4;
    private const int StepsPerAlias = Clients * StepsEach;

    /// <summary>Creates aliases that nobody uses yet.</summary>
    public async Task<string[]> Prepare(string prefix, int count, CancellationToken cancel)
    {
        using var client = new ControlClient(server);
        var names = Enumerable.Range(0, count).Select(i => $"{prefix}-{i}:prod").ToArray();
        foreach (var name in names)
        {
            await client.CreateAlias(new(name, releases[0]), cancel);
        }

        return names;
    }

    /// <summary>Lets every alias have its clients, all at once, and strikes while they are at it.</summary>
    /// <param name="aliases">The aliases.</param>
    /// <param name="seed">Decides what the clients ask, and after how many answers the blow falls.</param>
    /// <param name="strike">Kills something and brings it back.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>One history for each alias, in the order of <paramref name="aliases"/>.</returns>
    public async Task<Step[][]> Run(string[] aliases, int seed, Func<Task> strike, CancellationToken cancel)
    {
        // Counted in answers and not in seconds, so that a slow machine is struck in the middle too.
        var answers = 0;
        var blow = new Random(seed).Next(aliases.Length * StepsPerAlias * 9 / 10);
        var due = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var back = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var running = aliases.Select(async (alias, a) =>
        {
            var each = await Task.WhenAll(Enumerable.Range(0, Clients).Select(c => Client(alias, new Random(HashCode(seed, a, c)), Answered, cancel)));
            return each.SelectMany(steps => steps).ToArray();
        }).ToArray();
        await due.Task;
        await strike();
        back.SetResult();
        return await Task.WhenAll(running);

        // Who was not answered goes on when whoever died is back: against a dead one, all that is left would go unanswered at once.
        Task Answered(Step step)
        {
            if (Interlocked.Increment(ref answers) > blow || step.IsUnknown)
            {
                due.TrySetResult();
            }

            return step.IsUnknown ? back.Task : Task.CompletedTask;
        }
    }

    /// <summary>What the alias is in the end, as one more step that follows all others.</summary>
    public async Task<Step> Last(string alias, CancellationToken cancel)
    {
        using var client = new ControlClient(server);
        return await Ask(client, alias, new AliasOperation.Read(), cancel);
    }

    private static int HashCode(int seed, int alias, int client) => (((seed * 7919) + alias) * 31) + client;

    private async Task<List<Step>> Client(string alias, Random random, Func<Step, Task> answered, CancellationToken cancel)
    {
        using var client = new ControlClient(server);
        var steps = new List<Step>();
        var known = 1L;
        for (var i = 0; i < StepsEach; i++)
        {
            var step = await Ask(client, alias, Choose(random, known), cancel);
            steps.Add(step);
            await answered(step);
            known = step.Answer is Answer.Seen seen ? seen.Generation : step.Answer is Answer.Done ? known + 1 : known;
        }

        return steps;
    }

    private AliasOperation Choose(Random random, long known) => random.Next(14) switch
    {
        < 4 => new AliasOperation.Read(),
        < 9 => new AliasOperation.Swap(releases[random.Next(releases.Length)], known),
        9 => new AliasOperation.Rollback(),
        10 => new AliasOperation.Approve(releases[random.Next(releases.Length)]),
        11 => new AliasOperation.Pin(),
        12 => new AliasOperation.Unpin(),
        _ => new AliasOperation.Vouch(),
    };

    private static async Task<Step> Ask(ControlClient client, string alias, AliasOperation operation, CancellationToken cancel)
    {
        var called = Stopwatch.GetTimestamp();
        var answer = await Answered(client, alias, operation, cancel);
        return new(operation, answer, called, answer is Answer.Unknown ? long.MaxValue : Stopwatch.GetTimestamp());
    }

    private static async Task<Answer> Answered(ControlClient client, string alias, AliasOperation operation, CancellationToken cancel)
    {
        try
        {
            switch (operation)
            {
                case AliasOperation.Read:
                    var view = (await client.Alias(alias, cancel)).Body;
                    return new Answer.Seen(view.Generation, view.Current.Name);
                case AliasOperation.Swap swap:
                    await client.Swap(alias, swap.Release, swap.ExpectedGeneration, "history", cancel);
                    return new Answer.Done();
                case AliasOperation.Rollback:
                    await client.Rollback(alias, "history", cancel);
                    return new Answer.Done();
                case AliasOperation.Approve approve:
                    await client.Approve(alias, approve.Release, "history", cancel);
                    return new Answer.Done();
                case AliasOperation.Pin or AliasOperation.Unpin or AliasOperation.Vouch:
                    await client.AliasRule(alias, operation.GetType().Name.ToLowerInvariant(), new { reason = "history" }, cancel);
                    return new Answer.Done();
                default:
                    throw new UnreachableException();
            }
        }
        catch (ControlException e) when (e.Status is HttpStatusCode.Conflict)
        {
            return new Answer.Refused();
        }
        catch (ControlException e) when (e.Status is null or HttpStatusCode.ServiceUnavailable)
        {
            // Nobody answered, or the database was away: nothing is promised either way.
            return new Answer.Unknown();
        }
    }
}
