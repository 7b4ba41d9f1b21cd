using Backstop.Control.Registry;
using Backstop.Control.Store;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Fleet;

/// <summary>The gateways that were ever connected and that nobody forgot, kept over restarts.</summary>
/// <remarks>
/// What comes while a transaction runs waits for the next one, and goes into it together: a thousand gateways that come back at
/// once wait for a few writes, and not for a thousand.
/// </remarks>
public sealed class GatewayRoster(DurableStore store, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private Round? _next;
    private Task _last = Task.CompletedTask;

    /// <summary>All that are kept.</summary>
    public Task<List<GatewayRow>> Load() => store.Read(context => context.Gateways.OrderBy(g => g.Id).ToListAsync());

    /// <summary>Keeps a gateway before it is told anything: what it may serve must be known after a crash.</summary>
    /// <returns>The name of this visit, for <see cref="Left"/>.</returns>
    public async Task<string> Arrived(string gateway, string zone)
    {
        var visit = Guid.CreateVersion7().ToString("N");
        var at = clock.GetUtcNow();
        await Note(new(gateway, row => (row.Zone, row.SeenAt, row.LeftAt, row.Visit) = (zone, at, null, visit), IsArrival: true));
        return visit;
    }

    /// <summary>Notes since when a gateway is away, unless it has come again meanwhile.</summary>
    public Task Left(string gateway, string visit)
    {
        var at = clock.GetUtcNow();
        return Note(new(gateway, row => row.LeftAt = row.Visit == visit ? at : row.LeftAt));
    }

    /// <summary>Takes a gateway out that is gone for good; false when none of this name is kept.</summary>
    public Task<bool> Forget(string gateway, string reason, string actor) => store.Write(async context =>
    {
        if (await context.Gateways.Where(g => g.Id == gateway).ExecuteDeleteAsync() == 0)
        {
            return (false, false);
        }

        await Journal.Append(
            context, clock.GetUtcNow(), new("gateway_forgotten", actor, $"{gateway} is not waited for any more: {reason}"), alias: null, generation: null, before: null, after: null);
        return (true, true);
    });

    private Task Note(Change change)
    {
        lock (_gate)
        {
            if (_next is null)
            {
                var round = new Round();
                _next = round;
                var before = _last;
                round.Done = _last = Task.Run(async () =>
                {
                    await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // Its failure was told to those who waited for it.
                    await Write(Close());
                });
            }

            _next.Changes.Add(change);
            return _next.Done;
        }
    }

    private List<Change> Close()
    {
        lock (_gate)
        {
            var changes = _next!.Changes;
            _next = null;
            return changes;
        }
    }

    private Task<bool> Write(List<Change> changes) => store.Write(async context =>
    {
        var ids = changes.Select(c => c.Gateway).Distinct(StringComparer.Ordinal).ToArray();
        var rows = await context.Gateways.AsTracking().Where(g => ids.Contains(g.Id)).ToDictionaryAsync(g => g.Id, StringComparer.Ordinal);
        foreach (var change in changes)
        {
            if (!rows.TryGetValue(change.Gateway, out var row))
            {
                if (!change.IsArrival)
                {
                    continue; // Forgotten meanwhile.
                }

                context.Gateways.Add(rows[change.Gateway] = row = new() { Id = change.Gateway, Zone = "", SeenAt = default, Visit = "" });
            }

            change.Apply(row);
        }

        return (true, true);
    });

    private sealed record Change(string Gateway, Action<GatewayRow> Apply, bool IsArrival = false);

    private sealed class Round
    {
        public List<Change> Changes { get; } = [];

        public Task Done { get; set; } = Task.CompletedTask;
    }
}
