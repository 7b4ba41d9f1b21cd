using Backstop.Control.Store;
using Backstop.Core.Registry;

namespace Backstop.Control.Rollouts;

/// <summary>Names a state that somebody decides on: another state that could be decided on otherwise has another name.</summary>
internal static class StateTag
{
    /// <summary>Under which a request carries the tags that its sender would accept, one a line.</summary>
    public const string Expected = "expected state";

    private const int Length = 16;

    /// <summary>Of an alias.</summary>
    public static string Of(long epoch, long generation) => $"{epoch}.{generation}";

    /// <summary>Of a rollout. For how long it was watched grows by itself, and decides nothing that a person does.</summary>
    public static string Of(StoredRollout stored) => CanonicalJson.Digest(
        StoreJson.Write(stored.Rollout with { Watched = default, WatchedAt = default }))["sha256:".Length..][..Length];
}
