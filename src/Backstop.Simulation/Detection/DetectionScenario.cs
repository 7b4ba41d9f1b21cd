using System.Collections.Immutable;

namespace Backstop.Simulation.Detection;

/// <summary>A time in which nothing changes.</summary>
/// <param name="Requests">How many requests it lasts.</param>
/// <param name="TestedShare">Probability with which a request is drawn for the tested arm; 1 when there is no control.</param>
public sealed record Phase(int Requests, double TestedShare, SimulatedRelease Tested, SimulatedRelease Control)
{
    /// <summary>Share of requests that are attacks.</summary>
    public double AttackShare { get; init; } = SimulatedRelease.AttackShare;

    /// <summary>How many times longer the tested arm takes than the control.</summary>
    public double TestedSlowdown { get; init; } = 1;

    /// <summary>How many times longer both arms take than in quiet times.</summary>
    public double SharedSlowdown { get; init; } = 1;
}

/// <summary>What is special about a scenario: it decides how requests are drawn and which rules apply.</summary>
public enum ScenarioKind
{
    /// <summary>Independent requests with an outcome each.</summary>
    Outcomes,

    /// <summary>Whole sessions are assigned, and the requests of one resemble each other.</summary>
    Sessions,

    /// <summary>The label of an answer comes later, at a speed that depends on the arm and on the outcome.</summary>
    LateLabels,

    /// <summary>The tested arm has several replicas, of which the first is sick.</summary>
    SickReplica,

    /// <summary>The share that was planned is not the one that requests are drawn with.</summary>
    WrongShare,

    /// <summary>Ten monitors of one alias, each with its own failure bit.</summary>
    ManyMonitors,

    /// <summary>Latencies are judged.</summary>
    Latency,
}

/// <summary>Mean seconds until the label of an answer comes; exponential.</summary>
public sealed record LabelDelays(double ControlGood, double ControlBad, double TestedGood, double TestedBad)
{
    /// <summary>Requests per second.</summary>
    public const double Rate = 40;
}

/// <summary>What happens to two arms, and whether a rollback would be right.</summary>
/// <param name="ChangeAt">The request from which the tested release is worse than its control, or null when it never is.</param>
public sealed record DetectionScenario(string Name, ImmutableArray<Phase> Phases, int? ChangeAt)
{
    /// <summary>What is special about it.</summary>
    public ScenarioKind Kind { get; init; }

    /// <summary>Replicas of the tested arm.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>How late labels are, where they are.</summary>
    public LabelDelays? Labels { get; init; }

    /// <summary>The share that the rules are told, where it is not the true one.</summary>
    public double? PlannedShare { get; init; }

    /// <summary>The shares of the stages as planned, in order; consecutive phases with one share are one stage.</summary>
    public ImmutableArray<double> Stages
    {
        get
        {
            var stages = ImmutableArray.CreateBuilder<double>();
            foreach (var phase in Phases)
            {
                if (stages.Count == 0 || stages[^1] != (PlannedShare ?? phase.TestedShare))
                {
                    stages.Add(PlannedShare ?? phase.TestedShare);
                }
            }

            return stages.ToImmutable();
        }
    }

    /// <summary>Length of the whole.</summary>
    public int Requests => Phases.Sum(p => p.Requests);
}
