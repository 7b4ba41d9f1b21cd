using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Gateway.Drops;
using Backstop.Gateway.Routing;

namespace Backstop.Commands;

/// <summary><c>backstop gateway</c>: orders to the gateway on this host, which need no control plane, and the fleet's gateways as control knows them.</summary>
internal static class GatewayCommand
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(3);

    public static Verb Create() => new("gateway", "List the fleet's gateways, forget one, or give orders to the one on this host while the control plane is dead.")
    {
        ListVerb(), ForgetVerb(), DropVerb(),
    };

    private static Verb ListVerb() => Remote.Verb(
        "list",
        "List the gateways that were ever connected.",
        [],
        (_, client, cancel) => client.Gateways(cancel),
        (gateways, screen) => screen.Table(
            gateways,
            "No gateway was ever connected.",
            ("gateway", g => g.Id),
            ("zone", g => g.Zone is "" ? null : g.Zone),
            ("is", g => g.Connected ? "connected" : g.LeftAt is { } at ? $"away since {Screen.Time(at)}" : "away"),
            ("connected last", g => Screen.Time(g.SeenAt))),
        "backstop gateway list", "backstop gateway list --json");

    private static Verb ForgetVerb()
    {
        var gateway = new Argument<string>("name") { Description = "The gateway's id." };
        var reason = new Option<string>("--reason") { Description = "How you know that it is gone for good; it is kept in the journal.", Required = true };
        var verb = Remote.Verb(
            "forget",
            "Wait no longer for a gateway that is gone for good. A rollback of a promoted release waits for every gateway that may still serve it.",
            [gateway, reason],
            (line, client, cancel) => client.ForgetGateway(line.GetRequiredValue(gateway), line.GetRequiredValue(reason), cancel),
            (forgotten, screen) => screen.Line($"{forgotten.Gateway} is not waited for any more. If it comes back, it is told what to serve as every gateway is."));
        verb.Examples = ["backstop gateway list", "backstop gateway forget gateway-3 --reason 'its machine was returned'"];
        return verb;
    }

    private static Verb DropVerb()
    {
        var release = new Argument<string?>("release")
        {
            Description = "Name or digest of the release; without it, what is dropped is listed.", Arity = ArgumentArity.ZeroOrOne,
        };
        var data = new Option<string>("--data") { Description = "The gateway's data directory, as 'backstop serve' was told.", DefaultValueFactory = _ => "./backstop-data" };
        var undo = new Option<bool>("--undo") { Description = "Let the gateway send requests to it again." };
        var reason = new Option<string>("--reason") { Description = "Why; it goes into the control plane's journal once that is back.", DefaultValueFactory = _ => "by hand" };
        var json = Verb.JsonOption();
        var verb = new Verb("drop", "Stop sending new requests to a release from this gateway, at once, over restarts, until undone.")
        {
            Examples =
            [
                "backstop gateway drop v8 --reason 'answers with abuse'",
                "backstop gateway drop v8 --undo --data /var/lib/backstop",
                "backstop gateway drop",
            ],
        };
        verb.Arguments.Add(release);
        foreach (var option in (Option[])[data, undo, reason, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (line, cancel) =>
        {
            var directory = line.GetRequiredValue(data);
            var file = new DropFile(directory);
            var name = line.GetValue(release);
            var isUndo = line.GetValue(undo);
            var outcome = Guarded(directory, () => name is null
                ? new Outcome([.. file.Read(out _)], null)
                : Change(file, directory, name, isUndo, line.GetRequiredValue(reason)));
            var obeyed = outcome.Stamp is null ? (bool?)null : await IsObeyed(file, outcome.Stamp, cancel);
            if (line.GetValue(json))
            {
                line.InvocationConfiguration.Output.WriteJson(new { dropped = outcome.Drops, obeyed });
            }
            else
            {
                Tell(line.InvocationConfiguration.Output, outcome, name, isUndo, obeyed, directory);
            }

            return obeyed == false ? ExitCode.Unreachable : ExitCode.Ok;
        });
        return verb;
    }

    private static Outcome Change(DropFile file, string directory, string name, bool undo, string reason)
    {
        var drops = file.Read(out _).ToList();
        if (undo)
        {
            return drops.RemoveAll(d => d.Release == name) > 0
                ? new(drops, file.Write(drops))
                : throw new CommandFailure($"'{name}' is not dropped here.", next: $"backstop gateway drop --data {directory}");
        }

        Expect(directory, name);
        drops.RemoveAll(d => d.Release == name);
        drops.Add(new(name, reason, Environment.UserName, TimeProvider.System.GetUtcNow()));
        return new(drops, file.Write(drops));
    }

    // A misspelt name would be an order that does nothing, in the one minute in which that matters most.
    private static void Expect(string directory, string name)
    {
        var table = new RouteFile(Path.Combine(directory, "routes.json")).Read(out var problem);
        if (problem is null && table.Releases.Count > 0 && !table.Releases.Values.Any(r => r.Name == name || r.Digest == name))
        {
            throw new CommandFailure(
                $"This gateway serves no release '{name}'. It has {string.Join(", ", table.Releases.Values.Select(r => r.Name).Order(StringComparer.Ordinal))}.");
        }
    }

    private static T Guarded<T>(string directory, Func<T> act)
    {
        try
        {
            return act();
        }
        catch (FileNotFoundException e) when (e.FileName?.EndsWith("drops.key", StringComparison.Ordinal) == true)
        {
            throw CommandFailure.Usage($"--data '{directory}' is not the data directory of a gateway: it holds no drops.key, which a gateway makes when it starts.");
        }
        catch (DirectoryNotFoundException)
        {
            throw CommandFailure.Usage($"--data '{directory}' does not exist: name the gateway's data directory.");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new CommandFailure($"{e.Message} Run this as the account that the gateway runs as.");
        }
        catch (InvalidDataException e)
        {
            throw new CommandFailure($"{e.Message} Take the file away, and drop again what should be dropped.");
        }
    }

    private static async Task<bool> IsObeyed(DropFile file, string stamp, CancellationToken cancel)
    {
        var began = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (file.Seen() != stamp)
        {
            if (TimeProvider.System.GetElapsedTime(began) > LongestWait || !await pace.WaitForNextTickAsync(cancel))
            {
                return false;
            }
        }

        return true;
    }

    private static void Tell(TextWriter output, Outcome outcome, string? name, bool undo, bool? obeyed, string directory)
    {
        if (name is null)
        {
            output.WriteLine(outcome.Drops.Count == 0 ? "Nothing is dropped at this gateway." : "Dropped at this gateway:");
            foreach (var drop in outcome.Drops)
            {
                output.WriteLine($"  {drop.Release}  since {drop.At:u} by {drop.By}: {drop.Reason}");
            }

            return;
        }

        output.WriteLine((obeyed, undo) switch
        {
            (true, false) => $"This gateway sends no new request to {name}.",
            (true, true) => $"This gateway may send requests to {name} again.",
            _ => $"The order is written, but no gateway that runs on {directory} took it within {LongestWait.TotalSeconds:0} s. One that starts there will.",
        });
        if (obeyed == true && !undo)
        {
            output.WriteLine($"Undo: backstop gateway drop {name} --undo --data {directory}");
        }
    }

    /// <param name="Stamp">Names the state that was written; null when nothing was.</param>
    private sealed record Outcome(IReadOnlyList<Drop> Drops, string? Stamp);
}
