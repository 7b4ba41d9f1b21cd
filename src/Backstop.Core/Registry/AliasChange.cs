using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Gates;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Core.Registry;

/// <summary>A change of an alias row. Every change that is made raises the generation by one.</summary>
public abstract record AliasChange
{
    private AliasChange()
    {
    }

    /// <summary>Whether the change can send more traffic to a release under suspicion; only such changes can be held up.</summary>
    public abstract bool RaisesExposure { get; }

    internal abstract SwapResult ApplyTo(AliasRecord alias);

    private const int MostMitigations = 20;

    private static SwapResult.Swapped Next(AliasRecord alias) =>
        new(alias with { Generation = alias.Generation + 1 });

    private static SwapResult.Refused Quarantined(AliasRecord alias, string release) =>
        new($"{release} was rolled back on {alias.Name} and is quarantined; approve it first with 'backstop alias approve'.");

    /// <summary>Gives a candidate a share of the traffic. A new salt makes a new assignment; the same one keeps it monotone.</summary>
    public sealed record Expose(string Candidate, int BasisPoints, string Salt) : AliasChange
    {
        public override bool RaisesExposure => true;

        internal override SwapResult ApplyTo(AliasRecord alias)
        {
            if (alias.Quarantined.Contains(Candidate))
            {
                return Quarantined(alias, Candidate);
            }

            return BasisPoints is < 1 or > Route.Whole
                ? new SwapResult.Refused($"A share of {BasisPoints} basis points is not between 1 and {Route.Whole}.")
                : Next(alias with
                {
                    Candidate = Candidate,
                    CandidateBasisPoints = BasisPoints,
                    ShadowBasisPoints = 0,
                    HoldbackBasisPoints = 0,
                    Salt = Salt,
                });
        }
    }

    /// <summary>Copies a share of the requests to a candidate; users see nothing of it.</summary>
    public sealed record Shadow(string Candidate, int BasisPoints, string Salt) : AliasChange
    {
        public override bool RaisesExposure => true;

        internal override SwapResult ApplyTo(AliasRecord alias)
        {
            if (alias.Quarantined.Contains(Candidate))
            {
                return Quarantined(alias, Candidate);
            }

            return BasisPoints is < 1 or > Route.Whole
                ? new SwapResult.Refused($"A share of {BasisPoints} basis points is not between 1 and {Route.Whole}.")
                : Next(alias with { Candidate = Candidate, CandidateBasisPoints = 0, ShadowBasisPoints = BasisPoints, Salt = Salt });
        }
    }

    /// <summary>The candidate keeps its place and gets a smaller share, down to none.</summary>
    public sealed record Shrink(int BasisPoints) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.Candidate is null || BasisPoints < 0 || BasisPoints > alias.CandidateBasisPoints
            ? new SwapResult.Refused($"{alias.Name} has no candidate whose share could shrink to {BasisPoints} basis points.")
            : Next(alias with { CandidateBasisPoints = BasisPoints, ShadowBasisPoints = 0 });
    }

    /// <summary>The candidate becomes current. What it can be taken back to becomes previous and keeps a holdback.</summary>
    /// <remarks>
    /// The way back leads to the last release that was verified here, never merely to the one before: a release that a person
    /// swapped in by hand an hour ago is nothing to flee to.
    /// </remarks>
    /// <param name="Fallback">The release to return to when none was verified; null when there is none.</param>
    public sealed record Promote(string Candidate, int HoldbackBasisPoints, string Salt, string? Fallback = null) : AliasChange
    {
        public override bool RaisesExposure => true;

        internal override SwapResult ApplyTo(AliasRecord alias)
        {
            if (alias.Quarantined.Contains(Candidate))
            {
                return Quarantined(alias, Candidate);
            }

            if (Candidate == alias.Current)
            {
                return new SwapResult.Refused($"{Candidate} is current already.");
            }

            var back = alias.ReturnsTo(Candidate, Fallback);
            return Next(alias with
            {
                Current = Candidate,
                Previous = back,
                LastVerified = Candidate == alias.LastVerified ? null : alias.LastVerified ?? alias.Current,
                HoldbackBasisPoints = back is null ? 0 : HoldbackBasisPoints,
                Candidate = null,
                CandidateBasisPoints = 0,
                ShadowBasisPoints = 0,
                Salt = Salt,
            });
        }
    }

    /// <summary>Current was watched long enough, or a person vouches for it: from now on it is what a later release is taken back to.</summary>
    public sealed record Verify : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.LastVerified is null
            ? new SwapResult.Refused($"{alias.Name} serves a release that is verified already.")
            : Next(alias with { LastVerified = null });
    }

    /// <summary>The candidate loses its share and leaves.</summary>
    public sealed record Withdraw(bool Quarantine) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.Candidate is null
            ? new SwapResult.Refused($"{alias.Name} has no candidate to withdraw.")
            : Next(alias with
            {
                Candidate = null,
                CandidateBasisPoints = 0,
                ShadowBasisPoints = 0,
                Quarantined = Quarantine ? alias.Quarantined.Add(alias.Candidate) : alias.Quarantined,
            });
    }

    /// <summary>Back to the previous release; the current one is quarantined. There is no rollback of a rollback.</summary>
    /// <param name="AutomaticAt">When evidence decided it; null when a person did.</param>
    public sealed record Revert(DateTimeOffset? AutomaticAt = null) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.Previous is null
            ? new SwapResult.Refused($"{alias.Name} has no previous release to return to.")
            : Next(alias with
            {
                Current = alias.Previous,
                Previous = null,
                LastVerified = null,
                RolledBackAt = AutomaticAt ?? alias.RolledBackAt,
                HoldbackBasisPoints = 0,
                Candidate = null,
                CandidateBasisPoints = 0,
                ShadowBasisPoints = 0,
                Quarantined = alias.Quarantined.Add(alias.Current),
            });
    }

    /// <summary>Changes the share that stays on the previous release: more of it contains a suspicion and sharpens the contrast.</summary>
    public sealed record Hold(int BasisPoints) : AliasChange
    {
        /// <summary>A smaller holdback is more exposure; the caller decides which one this is, so it counts as raising.</summary>
        public override bool RaisesExposure => true;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.Previous is null
            ? new SwapResult.Refused($"{alias.Name} has no previous release that could hold back a share.")
            : Next(alias with { HoldbackBasisPoints = BasisPoints });
    }

    /// <summary>Writes where a drill is, and the holdback that this means.</summary>
    public sealed record Rehearse(Drill Drill, int HoldbackBasisPoints) : AliasChange
    {
        /// <summary>The way back from a drill gives current its traffic again.</summary>
        public override bool RaisesExposure => true;

        internal override SwapResult ApplyTo(AliasRecord alias) => Next(alias with { Drill = Drill, HoldbackBasisPoints = HoldbackBasisPoints });
    }

    /// <summary>Asks for drills, or no longer (null): a person's decision.</summary>
    /// <param name="BasisPoints">Share of those that begin by themselves; null when only people begin them.</param>
    public sealed record RequireDrills(TimeSpan? Every, int? BasisPoints = null) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => Next(alias with { DrillEvery = Every, DrillBasisPoints = BasisPoints });
    }

    /// <summary>Lifts the quarantine of a release: a person's decision.</summary>
    public sealed record Approve(string Release) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.Quarantined.Contains(Release)
            ? Next(alias with { Quarantined = alias.Quarantined.Remove(Release) })
            : new SwapResult.Refused($"{Release} is not quarantined on {alias.Name}.");
    }

    /// <summary>Changes how the traffic is treated: a mitigation, or its end.</summary>
    public sealed record Shape(TrafficPolicy Traffic) : AliasChange
    {
        /// <summary>Only named arms send users to other releases; limits, fallbacks and copies do not.</summary>
        public override bool RaisesExposure => !Traffic.Variants.IsEmpty;

        internal override SwapResult ApplyTo(AliasRecord alias) =>
            Traffic.Releases().FirstOrDefault(alias.Quarantined.Contains) is { } quarantined
                ? Quarantined(alias, quarantined)
                : Next(alias with { Traffic = Traffic });
    }

    /// <summary>Lays something over the traffic policy for a while.</summary>
    public sealed record Mitigate(Overlay Overlay) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias)
        {
            var next = alias with { Mitigations = alias.Mitigations.Add(Overlay) };
            return next.Mitigations.Length > MostMitigations
                ? new SwapResult.Refused($"{alias.Name} is under {MostMitigations} mitigations already: lift one first with 'backstop mitigate lift'.")
                : next.ToRoute().Traffic.Releases().FirstOrDefault(alias.Quarantined.Contains) is { } quarantined
                    ? Quarantined(alias, quarantined)
                    : Next(next);
        }
    }

    /// <summary>Ends a mitigation: a person's decision, or its time is over.</summary>
    public sealed record Lift(string Id) : AliasChange
    {
        public override bool RaisesExposure => true;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.Mitigations.RemoveAll(m => m.Id == Id) is var left && left.Length < alias.Mitigations.Length
            ? Next(alias with { Mitigations = left })
            : new SwapResult.Refused($"{alias.Name} is under no mitigation '{Id}'. List them with 'backstop mitigate list {alias.Name}'.");
    }

    /// <summary>Replaces what is kept warm beside current and previous: a person's decision.</summary>
    public sealed record KeepWarm(ImmutableArray<KeptWarm> Kept) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => Next(alias with { KeptWarm = Kept });
    }

    /// <summary>Says that current stays what it is, or takes that back (null): a person's decision.</summary>
    public sealed record PinTo(AliasPin? Pin) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.Pin is null && Pin is null
            ? new SwapResult.Refused($"{alias.Name} is not pinned.")
            : Next(alias with { Pin = Pin });
    }

    /// <summary>Says what evidence is judged by in the rollouts to come, or leaves it to the default (null): a person's decision.</summary>
    public sealed record Monitor(EvidencePlan? Plan) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => Next(alias with { Monitor = Plan });
    }

    /// <summary>Replaces the suites that a release must have passed: a person's decision.</summary>
    public sealed record RequireGates(ImmutableArray<RequiredGate> Gates) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => Next(alias with { RequiredGates = Gates });
    }

    /// <summary>Replaces the times in which nothing may rise: a person's decision.</summary>
    public sealed record Freeze(ImmutableArray<FreezeWindow> Windows) : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => Next(alias with { Freezes = Windows });
    }
}
