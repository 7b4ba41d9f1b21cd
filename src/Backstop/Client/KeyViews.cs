namespace Backstop.Client;

public sealed record NewKey(string Name, string[] Scopes)
{
    public string[]? Aliases { get; init; }

    public long? ExpiresInSeconds { get; init; }
}

public sealed record KeyView(string Prefix, string Name, string[] Scopes, string[] Aliases, DateTimeOffset CreatedAt)
{
    public string? CreatedBy { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public string? ReplacedBy { get; init; }
}

/// <param name="Key">The whole key; no later answer holds it.</param>
public sealed record NewKeyView(string Key, KeyView Made);
