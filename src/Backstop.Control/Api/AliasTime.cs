using System.Text.Json;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Api;

/// <summary>Answers what an alias served at a moment, and why: from the journal, which has every state it was ever in.</summary>
public sealed class AliasTime(DurableStore store, AliasQueries names)
{
    // Rollouts write some dozens of entries between two changes of the current release. One that is older than this many is not looked for.
    private const int LongestSearch = 1000;
    private const int FewEntries = 16;

    /// <summary>The state of an alias at a moment; null when it did not exist yet.</summary>
    /// <remarks>The journal's time never runs backwards, so the last entry up to a moment is one step in an index, however long the journal is.</remarks>
    public async Task<AliasAtView?> At(string alias, DateTimeOffset moment)
    {
        var (last, cause) = await store.Read(async context =>
        {
            var entry = await context.Journal.Where(e => e.Alias == alias && e.At <= moment)
                .OrderByDescending(e => e.At).ThenByDescending(e => e.Sequence).FirstOrDefaultAsync();
            return (entry, entry is null ? null : await Cause(context, alias, entry));
        });
        if (last is null)
        {
            return null;
        }

        var then = StoreJson.Read<AliasRecord>(last.After!);
        return new(
            alias,
            moment,
            then.Epoch,
            then.Generation,
            await names.Name(then.Current),
            then.Candidate is null ? null : await names.Name(then.Candidate),
            then.CandidateBasisPoints,
            then.Previous is null ? null : await names.Name(then.Previous),
            then.HoldbackBasisPoints,
            AliasQueries.View(last),
            cause is null ? null : AliasQueries.View(cause));
    }

    /// <summary>The entry that made the current release current.</summary>
    /// <remarks>It is near more often than not, so little is fetched first: entries that are asked for and not read are sent all the same.</remarks>
    private static async Task<JournalRow?> Cause(StoreContext context, string alias, JournalRow last)
    {
        var (before, searched) = (last.Sequence + 1, 0);
        for (var count = FewEntries; searched < LongestSearch; count *= 4)
        {
            var entries = await context.Journal.Where(e => e.Alias == alias && e.Sequence < before)
                .OrderByDescending(e => e.Sequence).Take(count).ToListAsync();
            if (entries.Find(MadeCurrent) is { } cause)
            {
                return cause;
            }

            if (entries.Count < count)
            {
                return null;
            }

            (before, searched) = (entries[^1].Sequence, searched + count);
        }

        return null;
    }

    private static bool MadeCurrent(JournalRow entry) => entry.Before is null || Current(entry.Before) != Current(entry.After!);

    // One member of many, so the rest of the record is not made.
    private static string? Current(string record) => JsonElement.Parse(record).GetProperty("current").GetString();
}

/// <summary>What an alias served at a moment.</summary>
/// <param name="Last">The last decision about it until then.</param>
/// <param name="Because">The decision that made the current release current; null when it is too long ago to be looked for.</param>
public sealed record AliasAtView(
    string Name,
    DateTimeOffset At,
    long Epoch,
    long Generation,
    ReleaseName Current,
    ReleaseName? Candidate,
    int CandidateBasisPoints,
    ReleaseName? Previous,
    int HoldbackBasisPoints,
    JournalView Last,
    JournalView? Because);
