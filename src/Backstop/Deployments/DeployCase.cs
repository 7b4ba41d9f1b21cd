namespace Backstop.Deployments;

/// <summary>When a release regresses, and what it is taken back to.</summary>
internal enum DeployCase
{
    /// <summary>While it has 5 % of the traffic: the release before it serves the others.</summary>
    Canary,

    /// <summary>After its promotion, with every server of the release before it still up.</summary>
    PromotedWarm,

    /// <summary>After its promotion, when all but one of the servers of the release before it were stopped to save their cost.</summary>
    PromotedCold,
}

/// <param name="Seeds">Repetitions of each case.</param>
/// <param name="Seed">Decides questions, arrivals and answers of the first repetition.</param>
/// <param name="Rate">Requests per second.</param>
/// <param name="ColdLoad">How long a stopped server loads before its process starts: weights have nothing to load here.</param>
internal sealed record DeployOptions(int Seeds, int Seed, double Rate, TimeSpan ColdLoad);

/// <summary>One release, from its gate to the end of its rollback. Times in seconds.</summary>
/// <param name="GateFailed">Cases of the offline gate that it failed before anybody saw it.</param>
/// <param name="Detection">From the injection to the decision to take it back.</param>
/// <param name="Commit">From the decision until it was durable.</param>
/// <param name="Converged">From the decision until every gateway had acknowledged it.</param>
/// <param name="Rollback">From the decision until no request began on the bad release and none was turned away for want of servers.</param>
/// <param name="Recovery">Detection and rollback.</param>
/// <param name="Exposed">Users whom the bad release answered after the injection.</param>
/// <param name="TurnedAway">Users who got no answer after the decision.</param>
/// <param name="LateOnBad">Users who asked after every gateway had acknowledged, and were answered by the bad release.</param>
internal sealed record DeployRun(
    DeployCase Case, int Seed, int GateFailed, int GateCases, double Detection, double Commit, double Converged, double Rollback, double Recovery,
    int Requests, int Exposed, int TurnedAway, int LateOnBad, string Status, string Reason);
