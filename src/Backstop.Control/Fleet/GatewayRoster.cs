using System.Collections.Concurrent;
using Backstop.Control.Store;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Fleet;

/// <summary>The gateways that were ever connected, kept over restarts.</summary>
public sealed class GatewayRoster(DurableStore store, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, string> _known = new(StringComparer.Ordinal);

    /// <summary>The ids kept.</summary>
    public Task<List<string>> Load() => store.Read(context => context.Gateways.Select(g => g.Id).ToListAsync());

    /// <summary>Keeps a gateway before it is told anything: what it may serve must be known after a crash.</summary>
    public async Task Remember(string gateway, string zone)
    {
        if (_known.GetValueOrDefault(gateway) == zone)
        {
            return;
        }

        await store.Write(async context =>
        {
            var row = await context.Gateways.AsTracking().SingleOrDefaultAsync(g => g.Id == gateway);
            if (row is null)
            {
                context.Gateways.Add(row = new() { Id = gateway, Zone = zone, SeenAt = clock.GetUtcNow() });
            }

            (row.Zone, row.SeenAt) = (zone, clock.GetUtcNow());
            return (true, true);
        });
        _known[gateway] = zone;
    }
}
