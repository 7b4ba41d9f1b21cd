using System.Collections.Immutable;
using Backstop.Core.Access;

namespace Backstop.Control.Access;

/// <summary>A key as it may be shown: nothing of its secret.</summary>
public sealed record KeyView(
    string Prefix,
    string Name,
    ImmutableArray<Scope> Scopes,
    ImmutableArray<string> Aliases,
    DateTimeOffset CreatedAt,
    string CreatedBy,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    string? ReplacedBy)
{
    /// <summary>The view of a key.</summary>
    public static KeyView Of(KeyRecord key) => new(
        key.Prefix, key.Name, key.Scopes, key.Aliases, key.CreatedAt, key.CreatedBy, key.ExpiresAt, key.RevokedAt, key.ReplacedBy);
}

/// <summary>A key that was just made, with the text that is shown this once.</summary>
public sealed record NewKeyView(string Key, KeyView Made);
