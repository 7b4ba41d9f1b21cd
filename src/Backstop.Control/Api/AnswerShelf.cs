using Backstop.Control.Store;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Api;

/// <summary>What was answered under which <c>Idempotency-Key</c>; it survives a restart.</summary>
internal sealed class AnswerShelf(DurableStore store, TimeProvider clock)
{
    /// <summary>For how long an answer is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>How many are kept at most; of more, the oldest go first.</summary>
    public const int Most = 10_000;

    /// <summary>Takes a key for a request, before anything is done.</summary>
    /// <param name="caller">Whose key it is.</param>
    /// <param name="key">The key.</param>
    /// <param name="request">Digest of what is asked.</param>
    /// <returns>Null when it is the first; otherwise what is known of the first.</returns>
    public Task<AnswerRow?> Take(string caller, string key, string request) => store.Write<AnswerRow?>(async context =>
    {
        if (await context.Answers.AsNoTracking().SingleOrDefaultAsync(a => a.Caller == caller && a.Key == key) is { } first)
        {
            return (first, false);
        }

        var now = clock.GetUtcNow();
        var limit = await context.Answers.OrderByDescending(a => a.At).Select(a => (DateTimeOffset?)a.At).Skip(Most - 1).FirstOrDefaultAsync();
        var edge = limit > now - Kept ? limit.Value : now - Kept;
        await context.Answers.Where(a => a.At <= edge).ExecuteDeleteAsync();
        context.Answers.Add(new() { Caller = caller, Key = key, Request = request, At = now });
        return (null, true);
    });

    /// <summary>Keeps the answer.</summary>
    public Task<bool> Keep(string caller, string key, int status, string text) => store.Write(async context => (
        await context.Answers.Where(a => a.Caller == caller && a.Key == key)
            .ExecuteUpdateAsync(set => set.SetProperty(a => a.Status, status).SetProperty(a => a.Text, text)) == 1,
        true));

    /// <summary>Gives a key back: nothing was done under it.</summary>
    public Task<bool> GiveBack(string caller, string key) => store.Write(async context => (
        await context.Answers.Where(a => a.Caller == caller && a.Key == key).ExecuteDeleteAsync() == 1,
        true));
}
