using System.Collections.Concurrent;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Protocol;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Fleet;

/// <summary>What operators dropped on the hosts of gateways, written into the journal when the gateway can tell.</summary>
/// <remarks>The order was carried out without the control plane; the journal says so afterwards, once, with the time it was given.</remarks>
public sealed partial class DropLedger(DurableStore store, TimeProvider clock, ILogger<DropLedger> log)
{
    private const string DroppedKind = "release_dropped";

    private readonly ConcurrentDictionary<string, HashSet<string>> _known = new(StringComparer.Ordinal);

    /// <summary>Everything that is dropped at a gateway now.</summary>
    public async Task Tell(string gateway, Drops drops)
    {
        var before = _known.GetValueOrDefault(gateway) ?? [];
        foreach (var drop in drops.Drops_.Where(d => !before.Contains(d.Release)))
        {
            var since = DateTimeOffset.FromUnixTimeMilliseconds(drop.AtMs);
            await Write(new(DroppedKind, $"{drop.By} at {gateway}", $"{drop.Release} gets no new request there since {since:O}: {drop.Reason}"));
            Dropped(log, gateway, drop.Release, drop.By, drop.Reason);
        }

        var now = drops.Drops_.Select(d => d.Release).ToHashSet(StringComparer.Ordinal);
        foreach (var undone in before.Except(now, StringComparer.Ordinal))
        {
            await Write(new("release_drop_undone", gateway, $"{undone} may get requests there again, told at {clock.GetUtcNow():O}"));
        }

        _known[gateway] = now;
    }

    // A gateway tells it again on every stream, also to a control plane that knows it only from its journal.
    private Task<bool> Write(JournalDraft draft) => store.Write(async context =>
    {
        if (draft.Kind == DroppedKind
            && await context.Journal.AnyAsync(j => j.Kind == draft.Kind && j.Actor == draft.Actor && j.Reason == draft.Reason))
        {
            return (false, false);
        }

        await Journal.Append(context, clock.GetUtcNow(), draft, alias: null, generation: null, before: null, after: null);
        return (true, true);
    });

    [LoggerMessage(3004, LogLevel.Warning, "At gateway {Gateway}, {Account} dropped {Release}: {Reason}")]
    private static partial void Dropped(ILogger logger, string gateway, string release, string account, string reason);
}
