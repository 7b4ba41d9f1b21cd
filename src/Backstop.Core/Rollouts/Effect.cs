namespace Backstop.Core.Rollouts;

/// <summary>A thing the core asks the edge to do after the decision is durable. Doing it twice does no harm.</summary>
public abstract record Effect
{
    private Effect()
    {
    }

    /// <summary>Run every enforcing gate of the alias against the candidate; answer with <see cref="RolloutEvent.Gated"/>.</summary>
    public sealed record RunGates : Effect;

    /// <summary>Ask the candidate and what it returns to for real answers; answer with <see cref="RolloutEvent.Warmed"/>.</summary>
    public sealed record ProbeWarmth : Effect;

    /// <summary>Push the alias to every gateway; answer with <see cref="RolloutEvent.Converged"/>.</summary>
    public sealed record Push : Effect;

    /// <summary>Watch what gateways serve; answer with <see cref="RolloutEvent.Observed"/>.</summary>
    public sealed record Watch : Effect;

    /// <summary>Submit the rollout that takes this one's place: nothing of this one is exposed any more.</summary>
    public sealed record StartSuccessor : Effect;

    /// <summary>Open an incident, or add to the open one.</summary>
    /// <param name="Blamed">Whether two-arm evidence says that the release did it.</param>
    public sealed record OpenIncident(bool Blamed, string Reason) : Effect;

    /// <summary>A person must look.</summary>
    public sealed record Page(string Reason) : Effect;
}
