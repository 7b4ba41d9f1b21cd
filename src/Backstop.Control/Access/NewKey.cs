using System.Collections.Immutable;
using Backstop.Control.Api;
using Backstop.Core.Access;
using Backstop.Core.Text;

namespace Backstop.Control.Access;

/// <summary>A key that is wanted.</summary>
public sealed record NewKey(string Name, ImmutableArray<Scope> Scopes, ImmutableArray<string> Aliases, DateTimeOffset? ExpiresAt)
{
    private const int MostAliases = 50;
    private const long LongestSeconds = 10L * 365 * 24 * 3600;

    /// <summary>Checks what was asked for.</summary>
    /// <exception cref="RefusedException">It cannot be had; the text says what to write instead.</exception>
    public static NewKey Read(string name, IReadOnlyCollection<string> scopes, IReadOnlyCollection<string>? aliases, long? expiresInSeconds, DateTimeOffset now)
    {
        if (!Names.IsValid(name))
        {
            throw RefusedException.Invalid($"'{name}' is not a name: use 1 to 100 letters, digits, '.', '-' or '_'.");
        }

        ImmutableArray<Scope> held = [.. scopes.Select(ReadScope).Distinct().Order()];
        if (held.IsEmpty)
        {
            throw RefusedException.Invalid($"'scopes' is empty: name at least one of {string.Join(", ", Core.Access.Scopes.Names)}.");
        }

        ImmutableArray<AliasPattern> patterns = aliases is null or { Count: 0 } ? [AliasPattern.All] : [.. aliases.Select(ReadPattern).Distinct()];
        if (patterns.Length > MostAliases)
        {
            throw RefusedException.Invalid($"'aliases' has {patterns.Length} patterns; at most {MostAliases} are possible.");
        }

        if (held.Contains(Scope.Admin) && !patterns.Any(p => p.IsAll))
        {
            throw RefusedException.Invalid("A key with the scope 'admin' can make itself any other key, so it cannot be held to some aliases.");
        }

        return new(name, held, [.. patterns.Select(p => p.Text)], expiresInSeconds is { } s ? now + Seconds(s, "expires_in_seconds", least: 1) : null);
    }

    /// <summary>A time in seconds that was asked for.</summary>
    /// <exception cref="RefusedException">It is out of range.</exception>
    public static TimeSpan Seconds(long value, string key, long least) => value >= least && value <= LongestSeconds
        ? TimeSpan.FromSeconds(value)
        : throw RefusedException.Invalid($"'{key}' is {value}: use {least} to {LongestSeconds} seconds.");

    private static Scope ReadScope(string word) => Core.Access.Scopes.Parse(word) ?? throw RefusedException.Invalid(
        $"'{word}' is not a scope: use {string.Join(", ", Core.Access.Scopes.Names)}.{Suggestion.For(word, Core.Access.Scopes.Names)}");

    private static AliasPattern ReadPattern(string text) => AliasPattern.Parse(text) ?? throw RefusedException.Invalid(
        $"'{text}' names no aliases: write one such as 'assistant:prod', or '*' for a whole half of it as in 'assistant:*' or '*:prod'.");
}
