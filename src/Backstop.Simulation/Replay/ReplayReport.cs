using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Simulation.Replay;

/// <summary>How to judge a recording.</summary>
public sealed record ReplayOptions
{
    /// <summary>Probability of ever rolling back a release that is no worse than its margins, all monitors together.</summary>
    public double Alpha { get; init; } = new EvidencePlan().Alpha;

    /// <summary>Planned share of the tested arm, where neither the file nor a round number says it.</summary>
    public double? Share { get; init; }

    /// <summary>By how much of its value a signal may be worse.</summary>
    public double SignalMargin { get; init; } = 0.01;

    /// <summary>Signals of which higher values are better, beside those called scores.</summary>
    public ImmutableArray<string> HigherIsBetter { get; init; } = [];
}

/// <summary>What the monitors said.</summary>
/// <param name="Verdict">The last verdict; the first rollback or broken experiment ends the replay.</param>
/// <param name="Requests">Lines that could be used.</param>
/// <param name="Judged">Things that were assigned and judged: requests, or units.</param>
/// <param name="Unit">What was assigned: <c>request</c> or <c>unit</c>.</param>
/// <param name="Share">Planned share of the tested arm, or null where it is not one.</param>
public sealed record ReplayReport(
    Verdict Verdict, string Reason, int Requests, int Tested, int Control, int Duplicates, int OutOfOrder, int Judged, string Unit,
    double? Share, bool ShareIsStated, double Alpha, ImmutableArray<ReplayMonitor> Monitors, ImmutableArray<ReplayChange> Changes,
    ImmutableArray<ReplayProblem> Problems, ImmutableArray<string> Notes);

/// <summary>A monitor as the replay ends.</summary>
/// <param name="LogE">Its evidence against the tested release, in nats.</param>
/// <param name="LogThreshold">What would roll back.</param>
public sealed record ReplayMonitor(string Name, double LogE, double LogThreshold);

/// <summary>A change of the verdict.</summary>
/// <param name="T">When, as the file counts the time.</param>
/// <param name="Judged">How many requests or units had been judged.</param>
/// <param name="Monitor">Which monitor changed it.</param>
public sealed record ReplayChange(double T, int Line, int Judged, string Monitor, Verdict Verdict, string Reason);
