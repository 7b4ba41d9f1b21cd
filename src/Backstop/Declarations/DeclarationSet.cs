using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Backstop.Core.Guards;
using Backstop.Core.Prompts;
using Backstop.Core.Registry;
using Backstop.Core.Text;
using Backstop.Prompts;

namespace Backstop.Declarations;

/// <summary>Everything that is declared, with its references resolved: what can be known to be wrong without a server was refused.</summary>
internal sealed class DeclarationSet
{
    private DeclarationSet()
    {
    }

    /// <summary>The releases with their manifests as they are registered.</summary>
    public required ImmutableArray<(Declaration.Release Declared, Release Release)> Releases { get; init; }

    public required ImmutableArray<Declaration.Alias> Aliases { get; init; }

    public required ImmutableArray<Declaration.Gate> Gates { get; init; }

    public required ImmutableArray<Declaration.Monitor> Monitors { get; init; }

    public required ImmutableDictionary<string, Declaration.RolloutPlan> Plans { get; init; }

    /// <summary>Joins declarations.</summary>
    /// <exception cref="FormatException">They contradict each other or name what is not there.</exception>
    public static DeclarationSet Of(IReadOnlyCollection<Declaration> all)
    {
        if (all.GroupBy(d => (d.Kind, d.Name)).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new FormatException($"{twice.Key.Kind} '{twice.Key.Name}' is declared twice: {string.Join(" and ", twice.Select(d => d.Source))}.");
        }

        var policies = ByName<Declaration.GuardPolicy>(all);
        var plans = ByName<Declaration.RolloutPlan>(all);
        foreach (var alias in all.OfType<Declaration.Alias>().Where(a => a.Plan is not null && !plans.ContainsKey(a.Plan)))
        {
            throw new FormatException($"{alias.Source}: RolloutPlan '{alias.Plan}' is not declared.{Suggestion.For(alias.Plan!, plans.Keys)}");
        }

        return new()
        {
            Releases = [.. all.OfType<Declaration.Release>().Select(d => Resolve(d, policies))],
            Aliases = [.. all.OfType<Declaration.Alias>()],
            Gates = [.. all.OfType<Declaration.Gate>()],
            Monitors = [.. all.OfType<Declaration.Monitor>()],
            Plans = plans,
        };
    }

    private static (Declaration.Release Declared, Release Release) Resolve(
        Declaration.Release declared, ImmutableDictionary<string, Declaration.GuardPolicy> policies)
    {
        var manifest = declared.Manifest.DeepClone().AsObject();
        if (manifest["guard_policy"] is JsonValue reference)
        {
            var name = reference.ToString();
            manifest["guard_policy"] = policies.TryGetValue(name, out var policy)
                ? policy.Policy.DeepClone()
                : throw new FormatException($"{declared.Source}: GuardPolicy '{name}' is not declared.{Suggestion.For(name, policies.Keys)}");
        }

        var release = Release.Parse(declared.Name, manifest.ToJsonString()) switch
        {
            ReleaseResult.Parsed parsed => parsed.Release,
            ReleaseResult.Invalid invalid => throw new FormatException($"{declared.Source}: {invalid.Error}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        try
        {
            if (release.Flaw is { } flaw)
            {
                throw new FormatException($"{declared.Source}: {flaw}");
            }

            if (release.Prompt is { } prompt)
            {
                PromptTemplate.Compile(prompt);
            }

            Ring.Compile(release.GuardPolicy is { } guard ? GuardPolicy.Parse(guard) : GuardPolicy.Default);
            return (declared with { Manifest = manifest }, release);
        }
        catch (Exception e) when (e is GuardPolicyException or PromptException)
        {
            throw new FormatException($"{declared.Source}: {e.Message}", e);
        }
    }

    private static ImmutableDictionary<string, T> ByName<T>(IEnumerable<Declaration> all)
        where T : Declaration => all.OfType<T>().ToImmutableDictionary(d => d.Name, StringComparer.Ordinal);
}
