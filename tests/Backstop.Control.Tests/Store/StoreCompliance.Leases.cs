using Backstop.Control.Store;

namespace Backstop.Control.Tests.Store;

/// <summary>Work that one control plane does for all.</summary>
public abstract partial class StoreCompliance
{
    [Fact]
    public async Task A_lease_has_one_owner_until_it_is_over_or_given_back()
    {
        var length = TimeSpan.FromSeconds(30);
        var all = _planes.Select(p => new Leases(p, _clock)).ToArray();
        var taken = await Task.WhenAll(all.Select((l, i) => l.Take("notify", $"plane {i}", length)));
        var owner = Array.IndexOf(taken, true);

        Assert.Single(taken, t => t);
        Assert.True(await all[owner].Take("another", "somebody", length));
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.True(await all[owner].Take("notify", $"plane {owner}", length)); // Renewed.
        _clock.Advance(TimeSpan.FromSeconds(29));
        var next = (owner + 1) % Planes;
        Assert.False(await all[next].Take("notify", $"plane {next}", length));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await all[next].Take("notify", $"plane {next}", length));
        Assert.False(await all[owner].Take("notify", $"plane {owner}", length));
        await all[next].GiveBack($"plane {next}");
        Assert.True(await all[owner].Take("notify", $"plane {owner}", length));
    }
}
