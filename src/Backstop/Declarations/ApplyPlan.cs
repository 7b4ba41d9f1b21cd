using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.Core.Registry;

namespace Backstop.Declarations;

/// <summary>What the server has of the things that are declared.</summary>
/// <param name="Releases">By name.</param>
/// <param name="Aliases">By name.</param>
internal sealed record Registered(IReadOnlyDictionary<string, ReleaseView> Releases, IReadOnlyDictionary<string, AliasView> Aliases)
{
    /// <summary>By id.</summary>
    public IReadOnlyDictionary<string, GateView> Gates { get; init; } = ImmutableDictionary<string, GateView>.Empty;
}

/// <summary>Compares what is declared with what is there. It decides and does nothing.</summary>
/// <remarks>
/// A release is immutable, so another manifest under its name is refused. An alias reaches another release by a rollout and
/// never by a bare swap; a release that was rolled back on the alias stays away, whatever the files say, until a person
/// approves it: a repository must not undo a rollback.
/// </remarks>
internal static class ApplyPlan
{
    public static ImmutableArray<ApplyStep> Of(DeclarationSet declared, Registered there)
    {
        // What a rollout is held against comes before it begins.
        var aliases = declared.Aliases.Select(a => StepOf(a, declared, there)).ToLookup(step => step.Action == ApplyAction.Change);
        return
        [
            .. declared.Releases.Select(r => StepOf(r.Declared, r.Release, there)),
            .. aliases[false],
            .. declared.Monitors.Select(m => StepOf(m, declared, there)),
            .. declared.Gates.Select(g => StepOf(g, there)),
            .. declared.Aliases.Select(a => a.Required).OfType<Declaration.RequiredGates>().Select(required => StepOf(required, there)),
            .. aliases[true],
        ];
    }

    private static ApplyStep StepOf(Declaration.Monitor declared, DeclarationSet set, Registered there)
    {
        if (!there.Aliases.TryGetValue(declared.Name, out var alias) && set.Aliases.All(a => a.Name != declared.Name))
        {
            return Step(declared, ApplyAction.Refuse, $"{declared.Source}: there is no alias '{declared.Name}', declared or on the server.");
        }

        var wanted = declared.Plan.Effective();
        var now = alias?.Monitor is { } monitor ? JsonObject.Create(monitor) : null;
        var differences = Leaves(wanted, "").Select(leaf => new Difference("monitor", leaf.Path, Leaves(now, "").FirstOrDefault(l => l.Path == leaf.Path).Value, leaf.Value))
            .Where(d => d.Before != d.After).ToArray();
        return differences.Length == 0 ? Step(declared, ApplyAction.Keep, "is as declared")
            : Step(declared, now is null ? ApplyAction.Create : ApplyAction.Change, "what evidence is judged by in the rollouts to come") with { Differences = differences };
    }

    private static ApplyStep StepOf(Declaration.Gate declared, Registered there)
    {
        var wanted = declared.Settings;
        if (!there.Gates.TryGetValue(declared.Name, out var gate))
        {
            return Step(declared, ApplyAction.Create, $"{wanted.State} on {wanted.Alias}: {wanted.Cases.Length} cases, fails above {wanted.FailIfMoreThan}");
        }

        if (gate.IncidentId is not null || gate.Alias != wanted.Alias)
        {
            var other = gate.IncidentId is { } incident ? $"came from {incident}" : $"belongs to {gate.Alias}";
            return Step(declared, ApplyAction.Refuse, $"{declared.Source}: there is a gate '{declared.Name}' that {other}: choose another name.");
        }

        (string Path, object? Before, object? After)[] fields =
        [
            ("/state", gate.State, wanted.State),
            ("/owner", gate.Owner, wanted.Owner),
            ("/samples", gate.SamplesPerCase, wanted.Samples),
            ("/fail_if_more_than", gate.FailIfMoreThan, wanted.FailIfMoreThan),
            ("/good_fail_rate", gate.GoodFailRate?.Estimate, wanted.GoodFailRate),
            ("/bad_fail_rate", gate.BadFailRate?.Estimate, wanted.BadFailRate),
            ("/review_by", gate.ReviewBy?.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture), wanted.ReviewBy),
            ("/cases", gate.CasesDigest, wanted.CasesDigest()),
        ];
        Difference[] differences =
        [
            .. fields.Select(f => new Difference("gate", f.Path, JsonSerializer.Serialize(f.Before), JsonSerializer.Serialize(f.After))).Where(d => d.Before != d.After),
        ];
        return differences.Length == 0
            ? Step(declared, ApplyAction.Keep, "is as declared")
            : Step(declared, ApplyAction.Change, $"on {wanted.Alias}") with { Differences = differences };
    }

    private static ApplyStep StepOf(Declaration.RequiredGates declared, Registered there)
    {
        var before = (there.Aliases.TryGetValue(declared.Name, out var alias) ? alias.RequiredGates : []).ToDictionary(g => g.Gate, g => Words(g.Digest, g.WithinHours), StringComparer.Ordinal);
        var after = declared.Gates.ToDictionary(g => g.Gate, g => Words(g.Digest, g.WithinHours), StringComparer.Ordinal);
        Difference[] differences =
        [
            .. before.Keys.Union(after.Keys, StringComparer.Ordinal)
                .Select(gate => new Difference("alias", $"/required_gates/{gate}", before.GetValueOrDefault(gate), after.GetValueOrDefault(gate)))
                .Where(d => d.Before != d.After),
        ];
        return differences.Length == 0
            ? Step(declared, ApplyAction.Keep, "is as declared")
            : Step(declared, before.Count == 0 ? ApplyAction.Create : ApplyAction.Change, "what a release must have passed before the alias takes it") with { Differences = differences };

        static string Words(string? digest, double hours) => string.Create(CultureInfo.InvariantCulture, $"within {hours:0.###} h{(digest is null ? "" : $", only {digest}")}");
    }

    /// <summary>Every value inside, with its JSON Pointer.</summary>
    private static IEnumerable<(string Path, string? Value)> Leaves(JsonObject? value, string path) => (value ?? []).SelectMany(member => member.Value is JsonObject inner
        ? Leaves(inner, $"{path}/{member.Key}")
        : [($"{path}/{member.Key}", member.Value is null ? null : CanonicalJson.Of(member.Value.ToJsonString()))]);

    private static ApplyStep StepOf(Declaration.Release declared, Release release, Registered there)
    {
        if (!there.Releases.TryGetValue(declared.Name, out var known))
        {
            return Step(declared, ApplyAction.Create, $"register {Short(release.Digest)}");
        }

        return known.Digest == release.Digest
            ? Step(declared, ApplyAction.Keep, $"is {Short(known.Digest)}")
            : Step(declared, ApplyAction.Refuse, $"{declared.Source}: is registered with another manifest ({Short(known.Digest)}), and a release is immutable: give the new one another name.")
                with { Differences = Between(known, release) };
    }

    private static ApplyStep StepOf(Declaration.Alias declared, DeclarationSet set, Registered there)
    {
        var target = set.Releases.Where(r => r.Declared.Name == declared.ReleaseName).Select(r => r.Release).FirstOrDefault()
            ?? (there.Releases.TryGetValue(declared.ReleaseName, out var view) ? Parsed(view) : null);
        if (target is null)
        {
            return Step(declared, ApplyAction.Refuse, $"{declared.Source}: there is no release '{declared.ReleaseName}', declared or registered.");
        }

        if (!there.Aliases.TryGetValue(declared.Name, out var alias))
        {
            return Step(declared, ApplyAction.Create, $"create on {target.Name}");
        }

        if (alias.Rollout is { IsOver: false } active)
        {
            return active.Candidate?.Digest == target.Digest
                ? Step(declared, ApplyAction.Keep, $"rollout {active.Id} of {target.Name} is under way ({active.Status})")
                : Step(declared, ApplyAction.Refuse, $"{declared.Source}: rollout {active.Id} of {active.Candidate?.Name} is under way. Wait for it, or take it back: backstop rollout abort {active.Id}");
        }

        if (alias.Current.Digest == target.Digest)
        {
            return Step(declared, ApplyAction.Keep, $"serves {target.Name} at generation {alias.Generation}");
        }

        if (alias.Quarantined.Any(q => q.Digest == target.Digest))
        {
            return Step(
                declared,
                ApplyAction.Refuse,
                $"{declared.Source}: {target.Name} was rolled back here and is quarantined. Declare another release, or lift it: backstop alias approve {declared.Name} {target.Name}");
        }

        var by = declared.Plan is { } plan ? $"by plan '{plan}'" : "by the default plan";
        return Step(declared, ApplyAction.Change, $"roll out {target.Name} over {alias.Current.Name} {by}")
            with { Differences = there.Releases.TryGetValue(alias.Current.Name, out var current) ? Between(current, target) : null };
    }

    private static ApplyStep Step(Declaration declared, ApplyAction action, string text) => new(declared.Kind, declared.Name, action, text, declared);

    private static Difference[]? Between(ReleaseView before, Release after) =>
        Parsed(before) is { } release ? [.. ReleaseDiff.Between(release, after)] : null;

    private static Release? Parsed(ReleaseView view) =>
        view.Manifest is { } manifest && Release.Parse(view.Name, manifest.GetRawText()) is ReleaseResult.Parsed parsed ? parsed.Release : null;

    private static string Short(string digest) => digest[.."sha256:012345678901".Length];
}
