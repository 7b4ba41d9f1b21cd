using System.Collections.Immutable;
using Backstop.CommandLine;
using Backstop.Control.Access;
using Backstop.Core.Access;
using Backstop.Core.Text;

namespace Backstop.Hosting;

/// <summary>What the command line says about tokens.</summary>
internal static class OidcWords
{
    private const string Form = "write NAME=SCOPE,SCOPE or NAME=SCOPE@ALIASES, such as 'sre=operate' or 'ranking=write,operate@ranker:*'";

    /// <summary>Checks it.</summary>
    /// <exception cref="CommandFailure">An option is wrong or missing; the message names it.</exception>
    public static OidcOptions? Read(string? issuer, string? audience, string claim, IReadOnlyCollection<string> roles)
    {
        if (issuer is null)
        {
            return audience is null && roles.Count == 0 ? null : throw CommandFailure.Usage("--oidc-issuer is missing: the other --oidc options say nothing without it.");
        }

        if (!Uri.TryCreate(issuer, UriKind.Absolute, out var address) || !(address.Scheme is "https" || (address.Scheme is "http" && address.IsLoopback)))
        {
            throw CommandFailure.Usage($"--oidc-issuer '{issuer}' is not an https address.");
        }

        if (audience is null)
        {
            throw CommandFailure.Usage("--oidc-audience is missing: without it a token made for any other service would open this one.");
        }

        return roles.Count > 0
            ? new(address, audience, claim, roles.Select(Role).ToImmutableDictionary(r => r.Name, r => r.Grant, StringComparer.Ordinal))
            : throw CommandFailure.Usage($"--oidc-role is missing: no token would allow anything. {Form}.");
    }

    private static (string Name, Grant Grant) Role(string text)
    {
        if (text.Split('=', 2) is not [{ Length: > 0 } name, var rest])
        {
            throw CommandFailure.Usage($"--oidc-role '{text}' is not a role: {Form}.");
        }

        var (scopes, aliases) = rest.Split('@', 2) is [var before, var after] ? (before, after.Split(',')) : (rest, ["*"]);
        var patterns = Array.ConvertAll(aliases, a => AliasPattern.Parse(a) ?? throw CommandFailure.Usage($"--oidc-role '{text}': '{a}' names no aliases; {Form}."));
        ImmutableArray<Scope> held = [.. scopes.Split(',').Select(word => Scopes.Parse(word) ?? throw CommandFailure.Usage(
            $"--oidc-role '{text}': '{word}' is not a scope: use {string.Join(", ", Scopes.Names)}.{Suggestion.For(word, Scopes.Names)}"))];
        return !held.Contains(Scope.Admin) || Array.Exists(patterns, p => p.IsAll)
            ? (name, new(held, [.. patterns]))
            : throw CommandFailure.Usage($"--oidc-role '{text}': whoever has the scope 'admin' can give himself any right, so it cannot be held to some aliases.");
    }
}
