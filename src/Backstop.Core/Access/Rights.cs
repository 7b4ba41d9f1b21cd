using System.Collections.Immutable;

namespace Backstop.Core.Access;

/// <summary>Scopes, and the aliases they are for.</summary>
public sealed record Grant(ImmutableArray<Scope> Scopes, ImmutableArray<AliasPattern> Aliases);

/// <summary>Everything a caller may do: what one of its grants allows.</summary>
public sealed class Rights(ImmutableArray<Grant> grants)
{
    /// <summary>What everybody on this machine may do while no key exists: all but say who may do what.</summary>
    public static Rights OfThisMachine { get; } = new([new([Scope.Invoke, Scope.Write, Scope.Operate], [AliasPattern.All])]);

    /// <summary>Everything.</summary>
    public static Rights Full { get; } = new([new([Scope.Admin], [AliasPattern.All])]);

    /// <summary>Nothing.</summary>
    public static Rights None { get; } = new([]);

    /// <summary>Whether a scope is allowed on some alias at least.</summary>
    public bool Allow(Scope scope)
    {
        foreach (var grant in grants)
        {
            if (Includes(grant, scope))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a scope is allowed on an alias.</summary>
    public bool Allow(Scope scope, ReadOnlySpan<char> alias)
    {
        foreach (var grant in grants)
        {
            if (Includes(grant, scope) && Reaches(grant, alias))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a scope is allowed on every alias, also on those that do not exist yet.</summary>
    public bool AllowEverywhere(Scope scope) =>
        grants.Any(grant => Includes(grant, scope) && grant.Aliases.Any(pattern => pattern.IsAll));

    private static bool Includes(Grant grant, Scope needed)
    {
        foreach (var held in grant.Scopes)
        {
            if (held.Includes(needed))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Reaches(Grant grant, ReadOnlySpan<char> alias)
    {
        foreach (var pattern in grant.Aliases)
        {
            if (pattern.Names(alias))
            {
                return true;
            }
        }

        return false;
    }
}
