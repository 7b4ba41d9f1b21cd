using System.Collections.Immutable;

namespace Backstop.Core.Incidents;

/// <summary>Something that happened outside the registry: a pipeline's run, an index's build, a provider's notice, an alert.</summary>
/// <param name="Id">The sender's own name for it: the same one again changes nothing. Empty when it has none.</param>
/// <param name="At">When it happened, by the sender's clock.</param>
/// <param name="Parts">What was changed, as the format of cases names parts; empty for an alert.</param>
/// <param name="What">In words.</param>
/// <param name="Alias">The alias it concerns; null for all.</param>
/// <param name="Alert">The signal that an alert says has moved; null for a change.</param>
/// <param name="Link">Where more is told.</param>
public sealed record LedgerEntry(
    string Id, DateTimeOffset At, ImmutableArray<string> Parts, string What, string? Alias = null, string? Alert = null, string? Link = null)
{
    /// <summary>Whether it concerns an alias.</summary>
    public bool Concerns(string alias) => Alias is null || Alias == alias;
}
