using System.Collections.Immutable;

namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary>An alias as its callers understand it. Written from the documentation; it shares no code with the registry.</summary>
/// <param name="Generation">Count of what was done to it.</param>
/// <param name="Current">What it serves.</param>
/// <param name="Verified">The release that counts as good: the first one, until a person vouches for another.</param>
/// <param name="Previous">Where a rollback leads; null when there is nothing to return to.</param>
/// <param name="Pinned">Whether nobody may swap.</param>
/// <param name="Quarantined">What was rolled back.</param>
internal sealed record AliasModel(
    long Generation, string Current, string Verified, string? Previous, bool Pinned, ImmutableSortedSet<string> Quarantined)
{
    public static AliasModel New(string release) => new(1, release, release, null, false, []);

    /// <summary>Two states are the same when no operation can tell them apart.</summary>
    public string Key => $"{Generation} {Current} {Verified} {Previous} {Pinned} {string.Join(',', Quarantined)}";

    /// <summary>The state after the operation took effect with this answer, or null when it cannot answer so in this state.</summary>
    public AliasModel? After(AliasOperation operation, Answer answer) => answer switch
    {
        Answer.Seen seen => seen.Generation == Generation && seen.Current == Current ? this : null,
        Answer.Refused => Effect(operation) is null ? this : null,
        Answer.Done or Answer.Unknown => Effect(operation),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private AliasModel? Effect(AliasOperation operation) => operation switch
    {
        AliasOperation.Swap swap when !Pinned && swap.ExpectedGeneration == Generation && swap.Release != Current && !Quarantined.Contains(swap.Release) =>
            Next with { Current = swap.Release, Previous = swap.Release == Verified || Quarantined.Contains(Verified) ? null : Verified },
        AliasOperation.Rollback when Previous is not null =>
            Next with { Current = Previous, Verified = Previous, Previous = null, Quarantined = Quarantined.Add(Current) },
        AliasOperation.Approve approve when Quarantined.Contains(approve.Release) => Next with { Quarantined = Quarantined.Remove(approve.Release) },
        AliasOperation.Pin => Next with { Pinned = true },
        AliasOperation.Unpin when Pinned => Next with { Pinned = false },
        AliasOperation.Vouch when Verified != Current => Next with { Verified = Current },
        _ => null,
    };

    private AliasModel Next => this with { Generation = Generation + 1 };
}
