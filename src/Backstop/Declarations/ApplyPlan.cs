using System.Collections.Immutable;
using Backstop.Client;
using Backstop.Core.Registry;

namespace Backstop.Declarations;

/// <summary>What the server has of the things that are declared.</summary>
/// <param name="Releases">By name.</param>
/// <param name="Aliases">By name.</param>
internal sealed record Registered(IReadOnlyDictionary<string, ReleaseView> Releases, IReadOnlyDictionary<string, AliasView> Aliases);

/// <summary>Compares what is declared with what is there. It decides and does nothing.</summary>
/// <remarks>
/// A release is immutable, so another manifest under its name is refused. An alias reaches another release by a rollout and
/// never by a bare swap; a release that was rolled back on the alias stays away, whatever the files say, until a person
/// approves it: a repository must not undo a rollback.
/// </remarks>
internal static class ApplyPlan
{
    public static ImmutableArray<ApplyStep> Of(DeclarationSet declared, Registered there) =>
    [
        .. declared.Releases.Select(r => StepOf(r.Declared, r.Release, there)),
        .. declared.Aliases.Select(a => StepOf(a, declared, there)),
    ];

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
