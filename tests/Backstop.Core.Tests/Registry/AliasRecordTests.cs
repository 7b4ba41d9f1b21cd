using Backstop.Core.Registry;
using CsCheck;

namespace Backstop.Core.Tests.Registry;

public sealed class AliasRecordTests
{
    private static readonly AliasRecord First = new() { Name = "assistant:prod", Current = "v1", Salt = "s" };

    private static readonly Gen<string> Releases = Gen.Int[1, 3].Select(n => $"v{n}");

    private static readonly Gen<AliasChange> Changes = Gen.OneOf<AliasChange>(
        Gen.Select(Releases, Gen.Int[-1, 10_001], AliasChange (release, share) => new AliasChange.Expose(release, share, "s")),
        Gen.Select(Releases, Gen.Int[0, 5000], AliasChange (release, share) => new AliasChange.Promote(release, share, "s")),
        Gen.Bool.Select(AliasChange (quarantine) => new AliasChange.Withdraw(quarantine)),
        Gen.Const<AliasChange>(new AliasChange.Revert()),
        Gen.Int[0, 10_000].Select(AliasChange (share) => new AliasChange.Hold(share)),
        Releases.Select(AliasChange (release) => new AliasChange.Approve(release)));

    private static readonly Gen<(AliasChange Change, int Offset)[]> Histories = Gen.Select(Changes, Gen.Int[-1, 1]).Array[0, 40];

    [Fact]
    public void A_change_is_made_only_on_the_generation_it_was_decided_on_and_raises_it_by_one() => Histories.Sample(history =>
    {
        var alias = First;
        foreach (var (change, offset) in history)
        {
            switch (alias.Apply(change, alias.Generation + offset))
            {
                case SwapResult.Swapped swapped:
                    Assert.Equal(0, offset);
                    Assert.Equal(alias.Generation + 1, swapped.Alias.Generation);
                    Assert.Equal(alias.Epoch, swapped.Alias.Epoch);
                    alias = swapped.Alias;
                    break;
                case SwapResult.Stale stale:
                    Assert.NotEqual(0, offset);
                    Assert.Equal(alias.Generation, stale.Actual);
                    break;
                case SwapResult.Refused refused:
                    Assert.NotEmpty(refused.Reason);
                    break;
            }
        }
    });

    [Fact]
    public void A_quarantined_release_gets_no_share_until_it_is_approved() => Histories.Sample(history =>
    {
        var alias = First;
        foreach (var (change, _) in history)
        {
            if (alias.Apply(change, alias.Generation) is SwapResult.Swapped swapped)
            {
                if (swapped.Alias.Candidate is { } candidate && change is AliasChange.Expose)
                {
                    Assert.DoesNotContain(candidate, alias.Quarantined);
                }

                if (change is AliasChange.Promote)
                {
                    Assert.DoesNotContain(swapped.Alias.Current, alias.Quarantined);
                }

                alias = swapped.Alias;
            }
        }
    });

    [Fact]
    public void A_rollback_is_not_rolled_back()
    {
        var promoted = Assert.IsType<SwapResult.Swapped>(First.Apply(new AliasChange.Promote("v2", 500, "s"), 1)).Alias;
        var reverted = Assert.IsType<SwapResult.Swapped>(promoted.Apply(new AliasChange.Revert(), 2)).Alias;
        Assert.Equal(("v1", null, 3L), (reverted.Current, reverted.Previous, reverted.Generation));
        Assert.IsType<SwapResult.Refused>(reverted.Apply(new AliasChange.Revert(), 3));
    }
}
