using System.Globalization;

namespace Backstop.Demo;

/// <summary>The report as sentences.</summary>
internal static class Telling
{
    public static void Tell(TextWriter output, DemoReport report)
    {
        output.WriteLine(Headline(report));
        output.WriteLine();
        if (report.OnsetToDetectedS is { } detect)
        {
            Line("noticed after", $"{detect:0.0} s and {report.RequestsToDetect} requests");
            Line("alias swapped", $"{report.DetectedToSwappedMs:0} ms after that");
            Line("every gateway followed", $"{report.SwappedToConvergedMs:0} ms after the swap; later requests on the bad release: {report.ServedByBadAfterConvergence}");
        }

        Line("unsafe answers", $"{report.UnsafeEmitted} said by the models ({report.ToxicEmitted} toxic, {report.MalformedEmitted} malformed), {report.UnsafeDelivered} received by a user");
        Line("stopped wrongly", $"{report.FalseBlocks} of {report.Requests} requests");
        Line("quality of the promoted release", $"{Percent(report.PromotedRelease.BeforeRing)} right before the ring, {Percent(report.PromotedRelease.AfterRing)} for its users");
        Line("quality of the other", $"{Percent(report.OtherRelease.BeforeRing)} right before the ring, {Percent(report.OtherRelease.AfterRing)} for its users");
        if (report.IncidentId is not null)
        {
            Line("incident", $"{report.IncidentId}, the release {Blame(report.ReleaseToBlame)}");
        }

        if (report.GateId is not null)
        {
            Line("gate", $"{report.GateId} {(report.GateBlocksBad == true ? "stops" : "DOES NOT STOP")} the bad release, {(report.GatePassesGood == true ? "passes" : "DOES NOT PASS")} the good one");
            Line("promoted once more", report.SecondTry ?? "-");
        }

        Line("in the end", $"{report.ActiveRelease} at generation {report.Generation}; rollout {report.RolloutStatus}");
        Line("traffic", $"{report.Requests} requests at {report.Rate:0.#} per second, {report.Failed} failed, seed {report.Seed}, {report.DurationS:0} s in all");

        void Line(string name, string value) => output.WriteLine($"  {name,-33}{value}");
    }

    private static string Headline(DemoReport report) => report switch
    {
        { ReleaseToBlame: true } => "A bad release went live. Backstop noticed, put the good one back, and learnt a gate from it.",
        { ReleaseToBlame: false } => "Both releases got worse together. Backstop opened an incident and blamed nobody: rolling back would not have helped.",
        { IncidentId: null } => "The new release is as good as the old one. Backstop let it pass.",
        _ => "Something got worse, and it is not known what.",
    };

    private static string Blame(bool? toBlame) => toBlame switch
    {
        true => "is to blame",
        false => "is not to blame",
        null => "may be to blame or not",
    };

    private static string Percent(double? share) => share?.ToString("P1", CultureInfo.InvariantCulture) ?? "-";
}
