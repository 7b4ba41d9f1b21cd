using System.Collections.Immutable;

namespace Backstop.Core.Registry;

/// <summary>A release that an alias keeps warm beside those it may need at once: it is asked for an answer again and again.</summary>
/// <param name="Release">Its digest.</param>
/// <param name="At">At which of its replicas: addresses, or their beginnings with a star at the end, such as a region's. Empty for all.</param>
public sealed record KeptWarm(string Release, ImmutableArray<string> At)
{
    /// <summary>The replicas it is kept warm at.</summary>
    public IEnumerable<Uri> Replicas(Serving serving) => At.IsEmpty ? serving.Replicas : serving.Replicas.Where(replica => At.Any(address => Serving.IsAt(replica, address)));
}
