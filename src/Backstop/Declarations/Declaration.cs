using System.Text.Json.Nodes;
using Backstop.Client;

namespace Backstop.Declarations;

/// <summary>One thing that a file says should be so.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Source">File and line, for messages.</param>
internal abstract record Declaration(string Name, string Source)
{
    /// <summary>A release. Where its <c>guard_policy</c> is a name, the policy declared under it takes its place.</summary>
    internal sealed record Release(string Name, string Source, JsonObject Manifest) : Declaration(Name, Source);

    /// <summary>A guard policy that several releases may share.</summary>
    internal sealed record GuardPolicy(string Name, string Source, JsonObject Policy) : Declaration(Name, Source);

    /// <summary>How releases are exposed.</summary>
    internal sealed record RolloutPlan(string Name, string Source, PlanRequest Plan) : Declaration(Name, Source);

    /// <summary>A condition that releases of an alias must meet before they get traffic.</summary>
    internal sealed record Gate(string Name, string Source, NewGate Settings) : Declaration(Name, Source);

    /// <summary>What evidence about an alias is judged by. Its name is the alias's.</summary>
    internal sealed record Monitor(string Name, string Source, MonitorPlan Plan) : Declaration(Name, Source);

    /// <summary>What releases of an alias must have passed. Its name is the alias's, in whose declaration it stands.</summary>
    internal sealed record RequiredGates(string Name, string Source, NewRequiredGate[] Gates) : Declaration(Name, Source);

    /// <summary>What an alias should serve.</summary>
    /// <param name="Name">Such as <c>assistant:prod</c>.</param>
    /// <param name="Source">File and line.</param>
    /// <param name="ReleaseName">The release.</param>
    /// <param name="Plan">The plan by which it gets there; null for the server's own.</param>
    /// <param name="Required">What its releases must have passed; null where the file says nothing of it.</param>
    /// <param name="Settings">How it is created; its release is left to <paramref name="ReleaseName"/>.</param>
    internal sealed record Alias(string Name, string Source, string ReleaseName, string? Plan, RequiredGates? Required, NewAlias Settings) : Declaration(Name, Source);

    /// <summary>The word that stands behind <c>kind:</c>.</summary>
    public string Kind => GetType().Name;
}
