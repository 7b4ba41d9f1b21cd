using System.Collections.Immutable;

namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary>An alias as its callers understand it. Written from the documentation; it shares no code with the registry.</summary>
internal sealed record AliasModel(long Generation, string Current, string? Previous, ImmutableSortedSet<string> Quarantined)
{
    public static AliasModel New(string release) => new(1, release, null, []);

    /// <summary>Two states are the same when no operation can tell them apart.</summary>
    public string Key => $"{Generation} {Current} {Previous} {string.Join(',', Quarantined)}";

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
        AliasOperation.Swap swap when swap.ExpectedGeneration == Generation && swap.Release != Current && !Quarantined.Contains(swap.Release) =>
            this with { Generation = Generation + 1, Current = swap.Release, Previous = Current },
        AliasOperation.Rollback when Previous is not null =>
            this with { Generation = Generation + 1, Current = Previous, Previous = null, Quarantined = Quarantined.Add(Current) },
        AliasOperation.Approve approve when Quarantined.Contains(approve.Release) =>
            this with { Generation = Generation + 1, Quarantined = Quarantined.Remove(approve.Release) },
        _ => null,
    };
}
