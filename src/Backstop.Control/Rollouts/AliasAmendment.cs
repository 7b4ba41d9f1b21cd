using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Backstop.Core.Evidence;
using Backstop.Core.Gates;
using Backstop.Core.Registry;
using Backstop.Core.Routing;

namespace Backstop.Control.Rollouts;

/// <summary>What a person changes about an alias besides its releases, as it travels between control nodes.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "do")]
[JsonDerivedType(typeof(Approve), "approve")]
[JsonDerivedType(typeof(Pin), "pin")]
[JsonDerivedType(typeof(Unpin), "unpin")]
[JsonDerivedType(typeof(Freeze), "freeze")]
[JsonDerivedType(typeof(Vouch), "vouch")]
[JsonDerivedType(typeof(RequireDrills), "require_drills")]
[JsonDerivedType(typeof(RequireGates), "require_gates")]
[JsonDerivedType(typeof(Shape), "shape")]
[JsonDerivedType(typeof(Monitor), "monitor")]
[JsonDerivedType(typeof(Mitigate), "mitigate")]
[JsonDerivedType(typeof(Lift), "lift")]
[JsonDerivedType(typeof(KeepWarm), "keep_warm")]
public abstract record AliasAmendment
{
    private AliasAmendment()
    {
    }

    /// <summary>The change, and its kind in the journal.</summary>
    public abstract (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at);

    /// <summary>Lifts a quarantine.</summary>
    public sealed record Approve(string Release) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.Approve(Release), "release_approved");
    }

    /// <summary>Changes how the traffic is treated. The policy names releases by digest.</summary>
    public sealed record Shape(TrafficPolicy Traffic) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.Shape(Traffic), "traffic_shaped");
    }

    /// <summary>Lays something over the traffic policy for a while. What it names as a release is a digest.</summary>
    public sealed record Mitigate(string Id, OverlayKind Kind, string Policy, string Words, TimeSpan For) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.Mitigate(new(Id, Kind, Policy, Words, actor, reason, at, at + For)), "mitigation_begun");
    }

    /// <summary>Ends a mitigation before its time.</summary>
    public sealed record Lift(string Id) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.Lift(Id), "mitigation_lifted");
    }

    /// <summary>Replaces what is kept warm beside current and previous; releases by digest.</summary>
    public sealed record KeepWarm(ImmutableArray<KeptWarm> Kept) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.KeepWarm(Kept), "warm_set_changed");
    }

    public sealed record Pin : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.PinTo(new(actor, reason, at)), "alias_pinned");
    }

    public sealed record Unpin : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.PinTo(null), "alias_unpinned");
    }

    public sealed record Freeze(ImmutableArray<FreezeWindow> Windows) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.Freeze(Windows), "alias_frozen");
    }

    /// <param name="BasisPoints">Share of the drills that begin by themselves; null for none.</param>
    public sealed record RequireDrills(TimeSpan? Every, int? BasisPoints = null) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.RequireDrills(Every, BasisPoints), "drills_required");
    }

    public sealed record RequireGates(ImmutableArray<RequiredGate> Gates) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.RequireGates(Gates), "gates_required");
    }

    /// <summary>Changes what evidence is judged by in the rollouts to come.</summary>
    public sealed record Monitor(EvidencePlan Plan) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.Monitor(Plan), "monitor_set");
    }

    /// <summary>Takes current as verified without a bake.</summary>
    public sealed record Vouch : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.Verify(), "alias_vouched");
    }
}
