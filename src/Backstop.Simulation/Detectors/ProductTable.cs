using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>The table with which the judge compares labelled requests, after a history of v7.</summary>
internal static class ProductTable
{
    /// <summary>The table of the quality group, one stage for each share.</summary>
    public static JointTable Create(DetectionScenario scenario, EvidencePlan plan)
    {
        var history = CountTable.OfOutcomes();
        for (var stratum = 0; stratum < CountTable.Strata; stratum++)
        {
            var outcomes = SimulatedRelease.V7.Outcomes(stratum);
            var requests = stratum == 0 ? 95_000 : 5_000;
            var counts = new long[Enum.GetValues<Outcome>().Length];
            counts[(int)Outcome.ToxicBlocked] = (long)(requests * outcomes[0]);
            counts[(int)Outcome.SchemaBlocked] = (long)(requests * outcomes[1]);
            counts[(int)Outcome.Wrong] = (long)(requests * outcomes[2]);
            counts[(int)Outcome.Correct] = requests - counts.Sum();
            history.Add(Arm.Baseline, stratum, counts);
        }

        var rates = ControlRates.From(history, Arm.Baseline);
        var tables = new EvidenceTables(
            plan,
            [.. scenario.Stages.Select((x, i) => new ContrastStage(new("lab", 1, i), x))],
            [.. scenario.Stages.Select(_ => rates)]);
        return tables.Joint[(int)EvidenceGroup.Quality];
    }

    /// <summary>The category of an outcome in that table.</summary>
    public static int CategoryOf(Outcome outcome, JointTable table) => outcome switch
    {
        Outcome.ToxicBlocked => 0,
        Outcome.SchemaBlocked => 1,
        Outcome.Wrong => 2,
        Outcome.Unlabelled => 6,
        _ => table.BadCategories,
    };
}
