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

    private static SwapResult.Swapped Next(AliasRecord alias) =>
        new(alias with { Generation = alias.Generation + 1 });

    /// <summary>Gives a candidate a share of the traffic. A new salt makes a new assignment; the same one keeps it monotone.</summary>
    public sealed record Expose(string Candidate, int BasisPoints, string Salt) : AliasChange
    {
        public override bool RaisesExposure => true;

        internal override SwapResult ApplyTo(AliasRecord alias)
        {
            if (alias.Quarantined.Contains(Candidate))
            {
                return new SwapResult.Refused(
                    $"{Candidate} was rolled back on {alias.Name} and is quarantined; approve it first with 'backstop alias approve'.");
            }

            return BasisPoints is < 1 or > Route.Whole
                ? new SwapResult.Refused($"A share of {BasisPoints} basis points is not between 1 and {Route.Whole}.")
                : Next(alias with { Candidate = Candidate, CandidateBasisPoints = BasisPoints, HoldbackBasisPoints = 0, Salt = Salt });
        }
    }

    /// <summary>The candidate becomes current; the old current becomes previous and keeps a holdback.</summary>
    public sealed record Promote(string Candidate, int HoldbackBasisPoints, string Salt) : AliasChange
    {
        public override bool RaisesExposure => true;

        internal override SwapResult ApplyTo(AliasRecord alias)
        {
            if (alias.Quarantined.Contains(Candidate))
            {
                return new SwapResult.Refused(
                    $"{Candidate} was rolled back on {alias.Name} and is quarantined; approve it first with 'backstop alias approve'.");
            }

            return Candidate == alias.Current
                ? new SwapResult.Refused($"{Candidate} is current already.")
                : Next(alias with
                {
                    Current = Candidate,
                    Previous = alias.Current,
                    HoldbackBasisPoints = HoldbackBasisPoints,
                    Candidate = null,
                    CandidateBasisPoints = 0,
                    Salt = Salt,
                });
        }
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
                Quarantined = Quarantine ? alias.Quarantined.Add(alias.Candidate) : alias.Quarantined,
            });
    }

    /// <summary>Back to the previous release; the current one is quarantined. There is no rollback of a rollback.</summary>
    public sealed record Revert : AliasChange
    {
        public override bool RaisesExposure => false;

        internal override SwapResult ApplyTo(AliasRecord alias) => alias.Previous is null
            ? new SwapResult.Refused($"{alias.Name} has no previous release to return to.")
            : Next(alias with
            {
                Current = alias.Previous,
                Previous = null,
                HoldbackBasisPoints = 0,
                Candidate = null,
                CandidateBasisPoints = 0,
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
                ? new SwapResult.Refused($"{quarantined} was rolled back on {alias.Name} and is quarantined; approve it first with 'backstop alias approve'.")
                : Next(alias with { Traffic = Traffic });
    }
}
