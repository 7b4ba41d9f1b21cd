namespace Backstop.Core.Registry;

/// <summary>A person's word that an alias stays on its current release until it is taken back.</summary>
public sealed record AliasPin(string By, string Reason, DateTimeOffset At);
