using System.Collections.Immutable;

namespace Backstop.Core.Access;

/// <summary>A key as the store keeps it. A name has more than one while a rotation overlaps.</summary>
public sealed record KeyRecord
{
    /// <summary>The part of the key that is no secret; see <see cref="ApiKey"/>.</summary>
    public required string Prefix { get; init; }

    /// <summary>Who uses it: the actor of what is done with it.</summary>
    public required string Name { get; init; }

    /// <summary>What it allows.</summary>
    public required ImmutableArray<Scope> Scopes { get; init; }

    /// <summary>On which aliases, as <see cref="AliasPattern"/>s.</summary>
    public required ImmutableArray<string> Aliases { get; init; }

    /// <summary>Since when.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it stops by itself; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was stopped.</summary>
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>The prefix of the key that a rotation put in its place; it stops when the overlap ends.</summary>
    public string? ReplacedBy { get; init; }

    /// <summary>What is kept of its secret.</summary>
    public required SecretHash Secret { get; init; }

    /// <summary>Whether it works at a moment.</summary>
    public bool IsLive(DateTimeOffset now) => RevokedAt is null && !(ExpiresAt <= now);

    /// <summary>What it allows, to be asked.</summary>
    /// <exception cref="FormatException">A pattern is none: the store was changed by hand.</exception>
    public Rights Rights() => new([new(
        Scopes,
        [.. Aliases.Select(text => AliasPattern.Parse(text) ?? throw new FormatException($"Key {Prefix} has the pattern '{text}', which is none."))])]);
}
