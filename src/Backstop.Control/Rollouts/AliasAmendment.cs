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

    public sealed record RequireDrills(TimeSpan? Every) : AliasAmendment
    {
        public override (AliasChange Change, string Kind) ToChange(string actor, string reason, DateTimeOffset at) =>
            (new AliasChange.RequireDrills(Every), "drills_required");
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
