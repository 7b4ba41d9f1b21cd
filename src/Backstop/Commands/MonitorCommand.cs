using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using GateState = Backstop.Core.Gates.GateState;

namespace Backstop.Commands;

/// <summary><c>backstop monitor</c>: the rules at the gateways that past incidents left, where no release carries the fault.</summary>
internal static class MonitorCommand
{
    private static readonly Argument<string> Id = new("id") { Description = "Id of the monitor; 'backstop monitor list' has it." };

    public static Verb Create() => new("monitor", "See the rules at the gateways that past incidents left, and say how far they may act.")
    {
        List(), Show(), Set(),
    };

    private static Verb List()
    {
        var verb = Remote.Verb(
            "list",
            "List the monitors.",
            [],
            (_, client, cancel) => client.Monitors(cancel),
            (monitors, screen) => screen.Table(
                monitors,
                "There is no monitor: 'backstop incident learn ID' makes one of a fault that no release carries.",
                ("id", m => m.MonitorId),
                ("alias", m => m.Alias),
                ("state", m => m.State),
                ("against", m => m.Cause),
                ("incident", m => m.IncidentId),
                ("owner", m => m.Owner),
                ("review by", m => Screen.Time(m.ReviewBy) + (m.ReviewBy < DateTimeOffset.UtcNow ? " OVERDUE" : ""))));
        verb.Examples = ["backstop monitor list", "backstop monitor list --json"];
        return verb;
    }

    private static Verb Show()
    {
        var verb = Remote.Verb("show", "Show one monitor, and what its rule would have done to all that is remembered today.", [Id], (parse, client, cancel) => client.Monitor(parse.GetRequiredValue(Id), cancel), Describe);
        verb.Examples = ["backstop monitor show monitor-INC-2026-001", "backstop monitor show monitor-INC-2026-001 --json"];
        return verb;
    }

    private static Verb Set()
    {
        var state = new Argument<GateState>("state") { Description = "draft, shadow (out of force; show says what it would do), enforcing, quarantined or retired." };
        var reason = new Option<string>("--reason") { Description = "Why; it is kept in the journal.", Required = true };
        var verb = Remote.Verb(
            "set",
            "Say how far a monitor may act. Its rule stands in the traffic policy while it enforces, and it may enforce only while it lets alone what is well.",
            [Id, state, reason],
            (parse, client, cancel) => client.SetMonitor(parse.GetRequiredValue(Id), parse.GetValue(state), parse.GetRequiredValue(reason), cancel),
            Describe);
        verb.Examples = ["backstop monitor set monitor-INC-2026-001 shadow --reason \"the pipeline was rebuilt\"", "backstop monitor set monitor-INC-2026-001 retired --reason \"the feature is gone\""];
        return verb;
    }

    private static void Describe(MonitorView monitor, Screen screen) => screen.Facts(
        ("id", monitor.MonitorId),
        ("alias", monitor.Alias),
        ("state", monitor.State),
        ("against", monitor.Cause),
        ("rule", monitor.Words),
        ("incident", monitor.IncidentId),
        ("helped", monitor.Helped),
        ("when learnt", monitor.Backtest is { } then ? Words(then) : null),
        ("today", monitor.Today is { } now ? Words(now) : null),
        ("owner", monitor.Owner),
        ("review by", Screen.Time(monitor.ReviewBy)));

    private static string Words(BacktestView test) =>
        $"touches {test.QuietTouched} of {test.Quiet} in {test.QuietFor.TotalDays:0.##} quiet days" + (test.Faulty > 0 ? $", {test.FaultyTouched} of {test.Faulty} since the onset" : "");
}
