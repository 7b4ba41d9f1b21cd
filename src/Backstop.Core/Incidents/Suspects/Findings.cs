using System.Collections.Immutable;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>What an investigation found.</summary>
public sealed record Findings
{
    // Of two causes at once each has half of their probability: below this hardly anything but the arms blames the release.
    private const double Doubtful = 0.25;

    /// <summary>What the arms show; null without a contrast to believe.</summary>
    public required ArmPattern? Pattern { get; init; }

    /// <inheritdoc cref="RollbackAdvice"/>
    public required RollbackAdvice Rollback { get; init; }

    /// <summary>Whether rolling back comes first all the same, because people are harmed and nothing speaks against it.</summary>
    public bool Precautionary => Severe && Rollback == RollbackAdvice.Inconclusive;

    /// <inheritdoc cref="IncidentCase.Severe"/>
    public required bool Severe { get; init; }

    /// <summary>The most probable first; they sum to 1.</summary>
    public required ImmutableArray<CauseProbability> Causes { get; init; }

    /// <summary>The same, by what users are told; the most probable first.</summary>
    public required ImmutableArray<Suspicion> Suspects { get; init; }

    /// <summary>The causes that are at work together, with their shares of the new failures; empty when one explains it all.</summary>
    public required ImmutableArray<CauseShare> Compound { get; init; }

    /// <summary>Every signal and contrast in words and numbers, the most telling first.</summary>
    public required ImmutableArray<Evidence> Evidence { get; init; }

    /// <summary>What would tell most about the cause for its cost, best first.</summary>
    public required ImmutableArray<DiscriminatingAction> NextActions { get; init; }

    /// <summary>What was not understood, left out, or read in another way than it was written.</summary>
    public required ImmutableArray<string> Notes { get; init; }

    /// <summary>The one suspect that is probable enough to be named, else unknown.</summary>
    public SuspectKind Named => Suspects[0].Involved >= Investigation.Named ? Suspects[0].Kind : SuspectKind.Unknown;

    /// <summary>The most probable cause of the suspect that is named; null when none is.</summary>
    public Cause? Cause => Named == SuspectKind.Unknown ? null : Causes.First(c => SignatureTable.KindOf(c.Cause) == Named).Cause;

    /// <summary>Whether the arms blame the release, and what moved blames something else: one of the two is chance.</summary>
    public bool Contradicts => Rollback == RollbackAdvice.Helps && Causes.Where(c => SignatureTable.ReachOf(c.Cause) == Reach.Release).Sum(c => c.Probability) < Doubtful;

    /// <summary>Whether a closer look at both arms is worth its cost.</summary>
    public bool IsOpen => Rollback == RollbackAdvice.Inconclusive || Named == SuspectKind.Unknown || Contradicts;

    /// <summary>What to do first; for an unknown cause, what does no harm whatever it is.</summary>
    public Mitigation Mitigation => Mitigation.Of(Cause);
}

/// <summary>A cause with its probability, 0 to 1.</summary>
public sealed record CauseProbability(Cause Cause, double Probability);

/// <summary>One of several causes.</summary>
/// <param name="Share">Share of the new failures that it adds, 0 to 1; null where the arms cannot tell.</param>
public sealed record CauseShare(Cause Cause, double? Share);

/// <summary>A suspect as users are told.</summary>
/// <param name="Probability">Its part of the whole: all suspects' sum to 1, and two causes at once share theirs.</param>
/// <param name="Involved">Probability that it is at work, alone or with another.</param>
/// <param name="Because">What speaks for it, in words.</param>
public sealed record Suspicion(SuspectKind Kind, double Probability, double Involved, string Because);

/// <summary>One thing that was measured and what it says.</summary>
/// <param name="Signal">The signal's name.</param>
/// <param name="Words">A sentence with the numbers.</param>
/// <param name="LogBayesFactor">Above 0 when it moved, below when it did not; null for a contrast.</param>
/// <param name="Pattern">What the arms show in it; null for a signal.</param>
public sealed record Evidence(string Signal, string Words, double? LogBayesFactor, ArmPattern? Pattern);
