using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Control.Gates;
using Backstop.Control.Gates.Outside;
using Backstop.Core.Gates;
using Backstop.Core.Registry;

namespace Backstop.Commands;

/// <summary><c>backstop probe</c>: known questions, put again and again to what an alias serves and to what it would return to, the way users ask.</summary>
internal static class ProbeCommand
{
    private static readonly Argument<string> Alias = new("alias") { Description = "The alias, such as assistant:prod. Its traffic policy must say 'testers_choose: true'." };
    private static readonly Argument<string> Suite = new("suite") { Description = "Folder with gate.yaml and its cases; see docs/gates.md." };
    private static readonly Option<string> Gateway = new("--gateway")
    {
        Description = "The gateway that is asked, through which users ask.", DefaultValueFactory = _ => "http://127.0.0.1:8080",
    };

    private static readonly Option<string?> KeyVariable = new("--key-env") { Description = "Environment variable with the key for the gateway, where it wants one." };
    private static readonly Option<int> Every = new("--every") { Description = "Seconds from one round to the next; 0 asks once.", DefaultValueFactory = _ => 60 };
    private static readonly Option<int> Concurrency = new("--concurrency") { Description = "Answers asked for at one time, 1 to 256.", DefaultValueFactory = _ => 2 };

    public static Verb Create()
    {
        Concurrency.Between(1, 256);
        Every.Between(0, 86_400);
        return Remote.Verb(
            "probe",
            "Ask questions whose answers are known, of the current and of the previous release, through a gateway, and tell the control plane. "
            + "A change of what they usually show opens an incident. Runs until it is stopped; with --every 0 it exits with 0 when nothing failed, else with 1.",
            [Alias, Suite, Gateway, KeyVariable, Every, Concurrency],
            Run,
            "backstop probe assistant:prod probes/capitals",
            "backstop probe assistant:prod probes/capitals --every 0 --json");
    }

    private static async Task<int> Run(ParseResult line, ControlClient client, CancellationToken cancel)
    {
        var (alias, folder) = (line.GetRequiredValue(Alias), line.GetRequiredValue(Suite));
        var suite = await SuiteFolder.Read(folder, cancel);
        using var outside = new OutsideScorers(folder, line.GetValue(Concurrency));
        using var runner = new SuiteRunner(new(line.GetValue(Concurrency), null), TimeSpan.FromSeconds(60), outside, TimeProvider.System);
        await outside.Calibrate(suite, cancel);
        if ((bool?)(await client.Traffic(alias, cancel)).Body.Policy["testers_choose"] != true)
        {
            throw CommandFailure.Usage($"Nobody may choose among the releases of {alias}. Put 'testers_choose: true' into its traffic policy: backstop alias traffic {alias} POLICY.");
        }

        using var clock = new PeriodicTimer(TimeSpan.FromSeconds(Math.Max(1, line.GetValue(Every))));
        while (true)
        {
            var round = await Round(line, client, runner, suite, alias, cancel);
            Remote.Print(line, round, (r, screen) => screen.Line(r.Words));
            await client.RecordProbes(alias, new { round.Current, round.Previous }, cancel);
            if (line.GetValue(Every) == 0)
            {
                return round.Current.Failed + (round.Previous?.Failed ?? 0) == 0 ? ExitCode.Ok : ExitCode.No;
            }

            await clock.WaitForNextTickAsync(cancel);
        }
    }

    private static async Task<ProbeRound> Round(ParseResult line, ControlClient client, SuiteRunner runner, Suite suite, string alias, CancellationToken cancel)
    {
        var now = (await client.Alias(alias, cancel)).Body; // Who is current and who previous may have changed since the last round.
        var current = await Ask(now.Current.Name);
        return new(DateTimeOffset.UtcNow, now.Current.Name, current, now.Previous?.Name, now.Previous is { } previous ? await Ask(previous.Name) : null);

        async Task<ProbeSideCount> Ask(string release)
        {
            var counts = await runner.Run(suite, ThroughGateway(line, alias, release), ImmutableDictionary<(string, int), RunOutcome>.Empty, (_, _, _) => { }, cancel);

            // What gets no answer is a failure here: a user would have had none either.
            return new(counts.Sum(c => c.Runs), counts.Sum(c => c.Failures + c.Errors));
        }
    }

    /// <summary>The gateway as if it were a model server, with the header by which testers choose.</summary>
    private static Release ThroughGateway(ParseResult line, string alias, string release)
    {
        var serving = new JsonObject
        {
            ["model"] = alias,
            ["replicas"] = new JsonArray(line.GetRequiredValue(Gateway)),
            ["headers"] = new JsonObject { ["x-backstop-release"] = release },
        };
        if (line.GetValue(KeyVariable) is { } variable)
        {
            serving["api_key"] = new JsonObject { ["env"] = variable };
        }

        return Core.Registry.Release.Parse("probe", new JsonObject { ["serving"] = serving }.ToJsonString()) switch
        {
            ReleaseResult.Parsed parsed => parsed.Release,
            ReleaseResult.Invalid invalid => throw CommandFailure.Usage(invalid.Error),
            _ => throw new InvalidOperationException("No third case."),
        };
    }
}

/// <summary>One round of questions.</summary>
internal sealed record ProbeRound(DateTimeOffset At, string CurrentRelease, ProbeSideCount Current, string? PreviousRelease, ProbeSideCount? Previous)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public string Words => $"{At:HH:mm:ss}  {CurrentRelease}: {Current.Failed} of {Current.Asked} failed"
        + (Previous is { } p ? $"; {PreviousRelease}, the previous: {p.Failed} of {p.Asked}" : "");
}

internal sealed record ProbeSideCount(int Asked, int Failed);
