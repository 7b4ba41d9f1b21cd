using System.Globalization;
using System.Text;
using System.Text.Json;
using Backstop.Core.Gates;
using Backstop.Core.Inputs;
using Backstop.Core.Routing;

namespace Backstop.Core.Incidents;

/// <summary>What stands against the return of a fault that no release carries: a rule at the gateways, with the proof that it works.</summary>
/// <param name="Id">Such as <c>monitor-INC-2026-002</c>.</param>
/// <param name="Alias">Whose requests it is held against.</param>
/// <param name="IncidentId">Where it comes from.</param>
/// <param name="Rule">The containment that became a rule for good.</param>
/// <param name="State">It enforces when its backtest holds and the containment was seen to help; otherwise it is a draft.</param>
/// <param name="Owner">Who answers for it.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ReviewBy">When its owner must say whether it is still wanted.</param>
public sealed record InputMonitor(
    string Id, string Alias, string IncidentId, Containment Rule, GateState State, string Owner, DateTimeOffset CreatedAt, DateTimeOffset ReviewBy)
{
    /// <summary>The rule itself, as the member <c>inputs</c> of a traffic policy; null in a monitor from before it was kept.</summary>
    public string? Inputs { get; init; }

    private static readonly TimeSpan ReviewAfter = TimeSpan.FromDays(180);
    private static readonly JsonSerializerOptions Pretty = new() { WriteIndented = true, NewLine = "\n", PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The monitor that an incident taught; or why there is none.</summary>
    /// <param name="present">What the alias asks of requests: the rule is a part of it.</param>
    public static (InputMonitor? Monitor, string? Why) Of(Incident incident, InputContract present, string owner, DateTimeOffset at) => incident.Containments switch
    {
        [] => (null, $"Nothing was put in force against {incident.Id}, so there is no rule to keep. Try 'backstop incident mitigate {incident.Id}'."),
        [.., { Helped: null }] => (null, $"It is not known yet whether the rule against {incident.Id} helped. Ask again when more requests were answered."),
        [.., { Helped: false } last] => (null, $"The rule against {incident.Id} did not help ({last.Because}): it would prove nothing."),
        [.., { } last] => (new($"monitor-{incident.Id}", incident.Alias, incident.Id, last, last.Backtest.Holds ? GateState.Enforcing : GateState.Draft, owner, at, at + ReviewAfter)
        {
            Inputs = ContainmentPlan.PartOf(present, last.Rule).ToJson().ToJsonString(),
        }, null),
    };

    /// <summary>The rule as a contract; null in a monitor from before it was kept.</summary>
    public InputContract? Contract() => Inputs is null ? null : TrafficPolicy.Parse($$"""{ "inputs": {{Inputs}} }""").Inputs;

    /// <summary>What an alias asks of requests once this monitor is in another state: the rule stands in it while the monitor enforces.</summary>
    /// <param name="present">What it asks for now.</param>
    /// <param name="next">The state to come.</param>
    /// <param name="all">The alias's monitors: what another enforcing one asks for stays.</param>
    /// <exception cref="InvalidOperationException">The monitor does not hold its rule.</exception>
    public InputContract Under(InputContract present, GateState next, IEnumerable<InputMonitor> all)
    {
        var own = Contract() ?? throw new InvalidOperationException($"{Id} does not hold its rule.");
        var without = all.Where(m => m.Id != Id && m.State == GateState.Enforcing).Select(m => m.Contract()).OfType<InputContract>().Aggregate(present.Without(own), (sum, other) => sum.And(other));
        return next == GateState.Enforcing ? without.And(own) : without;
    }

    /// <summary><c>monitor.yaml</c>.</summary>
    /// <param name="inputs">The contract that it is part of, as JSON.</param>
    public string Yaml(string inputs)
    {
        var yaml = new StringBuilder("apiVersion: backstop/v1\nkind: Monitor\n");
        Add("id", Id);
        Add("alias", Alias);
        Add("incident", IncidentId);
        Add("cause", Suspects.SignatureTable.Snake(Rule.Cause));
        Add("rule", Rule.Words);
        yaml.Append("inputs: ").Append(inputs).Append('\n'); // JSON is YAML.
        Add("state", State.ToString().ToLowerInvariant());
        Add("owner", Owner);
        yaml.Append(CultureInfo.InvariantCulture, $"reviewBy: {ReviewBy:yyyy-MM-dd}\n");
        return yaml.ToString();

        void Add(string key, string value) => yaml.Append(key).Append(": ").Append(JsonSerializer.Serialize(value)).Append('\n');
    }

    /// <summary><c>certificate.json</c>: what was counted, and nothing else.</summary>
    public string CertificateText() => JsonSerializer.Serialize(new
    {
        Monitor = Id,
        Rule.Backtest.Holds,
        QuietSeconds = Rule.Backtest.QuietFor.TotalSeconds,
        Rule.Backtest.Quiet,
        Rule.Backtest.QuietTouched,
        Rule.Backtest.Faulty,
        Rule.Backtest.FaultyTouched,
        Helped = Rule.Because,
        InForceSince = Rule.At,
        Rule.Generation,
    }, Pretty) + "\n";
}
