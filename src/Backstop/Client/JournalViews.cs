namespace Backstop.Client;

public sealed record JournalEntry(long Sequence, DateTimeOffset At, string? Alias, long? Generation)
{
    public string? Kind { get; init; }

    public string? Actor { get; init; }

    public string? Reason { get; init; }
}

/// <param name="Flaw">Where the chain of hashes breaks, or null.</param>
public sealed record JournalCheck(bool Intact, long Entries, string? Flaw);
