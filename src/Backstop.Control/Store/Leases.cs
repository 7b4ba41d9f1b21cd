using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Store;

/// <summary>Who does what only one control plane of a cluster should do at a time.</summary>
/// <remarks>
/// A lease spares work and noise; it keeps nothing correct. Clocks of machines differ, and one that stood still for longer than
/// its lease goes on as if it had it: for a moment two may do the same.
/// </remarks>
public sealed class Leases(DurableStore store, TimeProvider clock)
{
    /// <summary>Takes a lease, or renews it.</summary>
    /// <param name="name">The work.</param>
    /// <param name="owner">Who asks, the same at every renewal.</param>
    /// <param name="length">For how long.</param>
    /// <returns>Whether the work is the owner's until then; false while it is another one's.</returns>
    public Task<bool> Take(string name, string owner, TimeSpan length) => store.Write(async context =>
    {
        var now = clock.GetUtcNow();
        var until = now + length;
        if (await context.Leases.Where(l => l.Name == name && (l.Owner == owner || l.Until <= now))
            .ExecuteUpdateAsync(set => set.SetProperty(l => l.Owner, owner).SetProperty(l => l.Until, until)) == 1)
        {
            return (true, true);
        }

        if (await context.Leases.AnyAsync(l => l.Name == name))
        {
            return (false, false);
        }

        context.Leases.Add(new() { Name = name, Owner = owner, Until = until });
        return (true, true);
    });

    /// <summary>Gives everything back that an owner holds, so that nobody waits for its end.</summary>
    public Task GiveBack(string owner) => store.Write(async context => (await context.Leases.Where(l => l.Owner == owner).ExecuteDeleteAsync(), true));
}
