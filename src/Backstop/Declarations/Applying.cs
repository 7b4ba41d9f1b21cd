using System.Collections.Immutable;
using System.Net;
using Backstop.Client;
using Backstop.Core.Registry;

namespace Backstop.Declarations;

/// <summary>Reads what the server has and carries a plan out.</summary>
internal sealed class Applying(ControlClient client)
{
    /// <summary>The declarations with the registered components that their manifests name.</summary>
    /// <exception cref="FormatException">There is no such component.</exception>
    public async Task<Declaration[]> WithComponents(Declaration[] declared, CancellationToken cancel)
    {
        var resolved = declared.ToArray();
        for (var i = 0; i < resolved.Length; i++)
        {
            if (resolved[i] is not Declaration.Release release || ManifestComponents.Needed(release.Manifest) is not { IsEmpty: false } needed)
            {
                continue;
            }

            var known = new List<Component>();
            foreach (var wanted in needed)
            {
                if (await Found(() => client.Component(wanted.Kind, wanted.Name, $"{wanted.Version}", cancel)) is { } found)
                {
                    known.Add(new(wanted, CanonicalJson.Of(found.Content)));
                }
            }

            var (manifest, refused) = ManifestComponents.Resolve(release.Manifest, known);
            resolved[i] = release with { Manifest = manifest ?? throw new FormatException($"{release.Source}: {refused}") };
        }

        return resolved;
    }

    /// <summary>What the server has of everything that is declared, and of what its aliases serve now.</summary>
    public async Task<Registered> Look(DeclarationSet declared, CancellationToken cancel)
    {
        var aliases = new Dictionary<string, AliasView>(StringComparer.Ordinal);
        foreach (var name in declared.Aliases.Select(a => a.Name).Union(declared.Monitors.Select(m => m.Name), StringComparer.Ordinal))
        {
            if (await Found(() => client.Alias(name, cancel)) is { } alias)
            {
                aliases[name] = alias;
            }
        }

        var releases = new Dictionary<string, ReleaseView>(StringComparer.Ordinal);
        string[] named =
        [
            .. declared.Releases.Select(r => r.Declared.Name), .. declared.Aliases.Select(a => a.ReleaseName), .. aliases.Values.Select(a => a.Current.Name),
        ];
        foreach (var name in named.Distinct(StringComparer.Ordinal))
        {
            if (await Found(() => client.Release(name, cancel)) is { } release)
            {
                releases[name] = release;
            }
        }

        var gates = new Dictionary<string, GateView>(StringComparer.Ordinal);
        foreach (var name in declared.Gates.Select(g => g.Name))
        {
            if (await Found(() => client.Gate(name, cancel)) is { } gate)
            {
                gates[name] = gate;
            }
        }

        return new(releases, aliases) { Gates = gates };
    }

    /// <summary>Does the steps in their order. Doing them again does no harm, so a run that broke off is simply repeated.</summary>
    /// <returns>The rollouts that were started.</returns>
    public async Task<ImmutableArray<RolloutView>> Do(ImmutableArray<ApplyStep> steps, DeclarationSet set, CancellationToken cancel)
    {
        var started = ImmutableArray.CreateBuilder<RolloutView>();
        foreach (var step in steps)
        {
            switch (step)
            {
                case { Action: ApplyAction.Create, Declared: Declaration.Release release }:
                    var manifest = set.Releases.First(r => r.Declared.Name == release.Name).Declared.Manifest;
                    await client.RegisterRelease(release.Name, manifest, cancel);
                    break;
                case { Action: ApplyAction.Create, Declared: Declaration.Alias alias }:
                    await client.CreateAlias(alias.Settings with { Name = alias.Name, Release = alias.ReleaseName }, cancel);
                    break;
                case { Action: ApplyAction.Create or ApplyAction.Change, Declared: Declaration.Monitor monitor }:
                    await client.AliasRule(monitor.Name, "monitor", new { evidence = monitor.Plan, reason = $"declared in {monitor.Source}" }, cancel);
                    break;
                case { Action: ApplyAction.Create or ApplyAction.Change, Declared: Declaration.RequiredGates required }:
                    await client.AliasRule(required.Name, "required-gates", new { gates = required.Gates, reason = $"declared in {required.Source}" }, cancel);
                    break;
                case { Action: ApplyAction.Create or ApplyAction.Change, Declared: Declaration.Gate gate }:
                    await client.SaveGate(gate.Settings, cancel);
                    break;
                case { Action: ApplyAction.Change, Declared: Declaration.Alias alias }:
                    var plan = alias.Plan is { } name ? set.Plans[name].Plan.ToJson() : null;
                    started.Add((await client.StartRollout(alias.Name, new(alias.ReleaseName) { Plan = plan }, cancel)).Body);
                    break;
            }
        }

        return started.ToImmutable();
    }

    private static async Task<T?> Found<T>(Func<Task<Reply<T>>> ask)
        where T : class
    {
        try
        {
            return (await ask()).Body;
        }
        catch (ControlException e) when (e.Status is HttpStatusCode.NotFound)
        {
            return null;
        }
    }
}
