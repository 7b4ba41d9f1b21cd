using System.Collections.Immutable;

namespace Backstop.Core.Registry;

/// <summary>Which model servers may rest: those whose release wants it, and that nobody else needs.</summary>
public static class Rest
{
    // A name of a model without a tag means this one to Ollama.
    private const string UsualTag = ":latest";

    /// <summary>The replicas of a release that may be put to rest; none while it is needed itself.</summary>
    /// <param name="needed">Every release that some alias needs.</param>
    public static ImmutableArray<Uri> ReplicasOf(Release release, IReadOnlyCollection<Release> needed) =>
        release.Serving.Engine?.RestAfter is null || needed.Any(n => n.Digest == release.Digest)
            ? []
            : [.. release.Serving.Replicas.Where(replica => !needed.Any(n => Misses(n, release.Serving, replica)))];

    /// <summary>Whether a release would not be served any more once one of another's servers, or all of them, were put to rest.</summary>
    public static bool Misses(Release needed, Release resting) => resting.Serving.Replicas.Any(replica => Misses(needed, resting.Serving, replica));

    private static bool Misses(Release needed, Serving resting, Uri replica) =>
        (resting.Engine is { SleepsWhole: true } || NameOf(needed.Serving.Model) == NameOf(resting.Model))
        && needed.Serving.Replicas.Any(r => r.Port == replica.Port && r.IdnHost == replica.IdnHost);

    private static string NameOf(string model) => model.EndsWith(UsualTag, StringComparison.Ordinal) ? model[..^UsualTag.Length] : model;
}
