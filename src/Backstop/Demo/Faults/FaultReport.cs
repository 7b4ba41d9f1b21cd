using System.Globalization;

namespace Backstop.Demo.Faults;

/// <summary>What was measured when a fault outside every release came twice. The names are those of <c>--json</c>.</summary>
internal sealed record FaultReport
{
    public required string Fault { get; init; }

    public required int Seed { get; init; }

    public required double Rate { get; init; }

    public required int Requests { get; init; }

    public required string IncidentId { get; init; }

    public string? Suspect { get; init; }

    public string? Cause { get; init; }

    public double? Probability { get; init; }

    /// <summary>Whether rolling back would help.</summary>
    public string? Rollback { get; init; }

    public double FoundAfterS { get; init; }

    public double KnownAfterS { get; init; }

    /// <summary>The rule that was put in force.</summary>
    public string? Containment { get; init; }

    public bool? Helped { get; init; }

    public string? Because { get; init; }

    public string? MonitorId { get; init; }

    public string? MonitorState { get; init; }

    /// <summary>Share of users who got a right answer, before the fault.</summary>
    public double? RightBefore { get; init; }

    public double? RightDuring { get; init; }

    public double? RightContained { get; init; }

    public double? RightSecondTime { get; init; }

    public int SecondTimeRequests { get; init; }

    /// <summary>Those of them that a model server saw as the broken application sent them.</summary>
    public int SecondTimeReachedModel { get; init; }

    public int IncidentsInAll { get; init; }

    public required string ActiveRelease { get; init; }

    public double DurationS { get; init; }

    /// <summary>The reports as sentences.</summary>
    public static void Tell(IReadOnlyCollection<FaultReport> reports, TextWriter output)
    {
        output.WriteLine("Something broke outside every release. Backstop found it, named it, did not roll back, contained it, and it came again in vain.");
        foreach (var report in reports)
        {
            output.WriteLine();
            report.Tell(output);
        }
    }

    private void Tell(TextWriter output)
    {
        Line("fault", Fault);
        Line("found", $"{FoundAfterS:0.0} s after it broke, named after {KnownAfterS:0.0} s: {Suspect} ({Cause}), {Probability?.ToString("P0", CultureInfo.InvariantCulture)}");
        Line("rolling back", Rollback?.Replace('_', ' ') ?? "-");
        Line("contained", $"{Containment}");
        Line("verified", $"{(Helped == true ? "it helped" : "it did NOT help")}: {Because}");
        Line("learnt", $"{MonitorId} ({MonitorState})");
        Line("right answers", $"{Percent(RightBefore)} before, {Percent(RightDuring)} broken, {Percent(RightContained)} contained, {Percent(RightSecondTime)} the second time");
        Line("the second time", $"{SecondTimeReachedModel} of {SecondTimeRequests} broken requests reached a model server as they were; incidents in all: {IncidentsInAll}");
        Line("traffic", $"{Requests} requests at {Rate:0.#} per second, seed {Seed}, {DurationS:0} s in all; {ActiveRelease} is current");

        void Line(string name, string value) => output.WriteLine($"  {name,-18}{value}");
    }

    private static string Percent(double? share) => share?.ToString("P1", CultureInfo.InvariantCulture) ?? "-";
}
