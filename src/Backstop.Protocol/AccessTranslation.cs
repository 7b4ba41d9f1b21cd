using Backstop.Core.Access;

namespace Backstop.Protocol;

/// <summary>Between the core's keys and their messages.</summary>
public static class AccessTranslation
{
    /// <summary>What a gateway is told of a key.</summary>
    public static AccessKey ToMessage(this KeyRecord key) => new()
    {
        Prefix = key.Prefix,
        Name = key.Name,
        Salt = key.Secret.Salt,
        Rounds = key.Secret.Rounds,
        Hash = key.Secret.Hash,
        Check = key.Secret.Check,
        Aliases = { key.Aliases },
        ExpiresMs = key.ExpiresAt?.ToUnixTimeMilliseconds() ?? 0,
        MayRead = key.Scopes.Any(scope => scope.Includes(Scope.Read)),
    };

    /// <summary>The key of a message: it allows to call models, perhaps to look, and nothing else.</summary>
    public static KeyRecord ToKey(this AccessKey message) => new()
    {
        Prefix = message.Prefix,
        Name = message.Name,
        Scopes = message.MayRead ? [Scope.Invoke, Scope.Read] : [Scope.Invoke],
        Aliases = [.. message.Aliases],
        CreatedAt = DateTimeOffset.UnixEpoch,
        CreatedBy = "control",
        ExpiresAt = message.ExpiresMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(message.ExpiresMs),
        Secret = new(message.Salt, message.Rounds, message.Hash, message.Check),
    };
}
