using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Evidence;

namespace Backstop.Client;

/// <summary>What evidence is judged by, as it is declared; what is left out has the default.</summary>
public sealed record MonitorPlan
{
    public double? Alpha { get; init; }

    public double? FalseRollbacksPerMonth { get; init; }

    public long? MinUnits { get; init; }

    public long? MinUnitsPerArm { get; init; }

    public long? MinHistory { get; init; }

    public long? FreshnessMs { get; init; }

    public double? TotalMargin { get; init; }

    public double? LatencyMargin { get; init; }

    public MarginsPlan? Margins { get; init; }

    public MarginsPlan? CeilingMargins { get; init; }

    public bool? Strict { get; init; }

    /// <summary>What the server will show of it.</summary>
    public JsonObject Effective()
    {
        var usual = Strict == true ? new EvidencePlan().Strict() : new EvidencePlan();
        return new()
        {
            ["alpha"] = Alpha ?? usual.Alpha,
            ["false_rollbacks_per_month"] = FalseRollbacksPerMonth ?? usual.FalseRollbacksPerMonth,
            ["min_units"] = MinUnits ?? usual.MinUnits,
            ["min_units_per_arm"] = MinUnitsPerArm ?? usual.MinUnitsPerArm,
            ["min_history"] = MinHistory ?? usual.MinHistory,
            ["freshness_ms"] = FreshnessMs ?? (long)usual.Freshness.TotalMilliseconds,
            ["total_margin"] = Strict == true ? 0 : TotalMargin ?? usual.TotalMargin,
            ["latency_margin"] = LatencyMargin,
            ["margins"] = MarginsPlan.Over(Strict == true ? null : Margins, usual.Margins),
            ["ceiling_margins"] = MarginsPlan.Over(Strict == true ? null : CeilingMargins, usual.CeilingMargins),
        };
    }
}

/// <summary>Margins by outcome, each a probability.</summary>
public sealed record MarginsPlan
{
    public double? Wrong { get; init; }

    public double? Unlabelled { get; init; }

    public double? ToxicBlocked { get; init; }

    public double? SchemaBlocked { get; init; }

    public double? PiiBlocked { get; init; }

    public double? InputBlocked { get; init; }

    public double? Error { get; init; }

    public double? Late { get; init; }

    internal static JsonObject Over(MarginsPlan? given, IReadOnlyList<double> usual)
    {
        var named = JsonSerializer.SerializeToNode(given ?? new(), ControlClient.Json)!.AsObject();
        return new(Enum.GetValues<Outcome>().Where(o => o != Outcome.Correct)
            .Select(o => (Name: JsonNamingPolicy.SnakeCaseLower.ConvertName(o.ToString()), Usual: usual[(int)o]))
            .Select(o => KeyValuePair.Create<string, JsonNode?>(o.Name, (double?)named[o.Name] ?? o.Usual)));
    }
}
