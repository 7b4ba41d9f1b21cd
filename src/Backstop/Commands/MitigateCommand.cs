using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop mitigate</c>: what can be done on the live route besides a rollback. Everything ends by itself.</summary>
internal static class MitigateCommand
{
    private static readonly Argument<string> Alias = new("alias") { Description = "The alias, such as assistant:prod." };
    private static readonly Option<string> Reason = new("--reason") { Description = "Why; it is kept in the journal.", Required = true };
    private static readonly Option<double> Minutes = new("--minutes") { Description = "For how long, up to 10080. It ends by itself.", DefaultValueFactory = _ => 60 };

    public static Verb Create() => new("mitigate", "Limit, replace or drain what serves an alias, tighten its ring or bypass its retrieval, for a time. A rollback is 'backstop alias rollback'.")
    {
        Limit(), Fallback(), Drain(), MitigateTighten.Create(Alias), Bypass(), Judge(), Lift(), List(),
    };

    private static Verb Limit()
    {
        var rate = new Option<double>("--rps") { Description = "Requests a second that each gateway takes; 0 closes the alias.", Required = true };
        return Begin("limit", "Take fewer requests.", [rate], parse => new { kind = "limit", requests_per_second = parse.GetValue(rate), for_ms = Time(parse), reason = parse.GetValue(Reason) },
            "backstop mitigate limit assistant:prod --rps 20 --minutes 30 --reason \"the provider is slow\"");
    }

    private static Verb Fallback()
    {
        var release = new Argument<string>("release") { Description = "The release that answers instead of the current one." };
        return Begin("fallback", "Let a conservative release answer instead of the current one.", [release],
            parse => new { kind = "fallback", release = parse.GetValue(release), for_ms = Time(parse), reason = parse.GetValue(Reason) },
            "backstop mitigate fallback assistant:prod v6-small --reason \"v7 leaks\"");
    }

    private static Verb Drain()
    {
        var replicas = new Argument<string[]>("replica")
        {
            Description = "Address of a replica as the manifest names it; one that ends in '*' stands for all that begin so, such as a region's.", Arity = ArgumentArity.OneOrMore,
        };
        return Begin("drain", "Send no request to some replicas.", [replicas],
            parse => new { kind = "drain", replicas = parse.GetValue(replicas), for_ms = Time(parse), reason = parse.GetValue(Reason) },
            "backstop mitigate drain assistant:prod \"http://10.1.*\" --reason \"the region is ill\"");
    }

    private static Verb Bypass()
    {
        var indexes = new Argument<string[]>("index")
        {
            Description = "Version of an index as the application names it; one that ends in '*' stands for all that begin so. All of them if absent.", Arity = ArgumentArity.ZeroOrMore,
        };
        return Begin("bypass", "Take no retrieved documents: the application is told with every answer, and asks without them.", [indexes],
            parse => new { kind = "bypass", indexes = parse.GetValue(indexes) is { Length: > 0 } named ? named : ["*"], for_ms = Time(parse), reason = parse.GetValue(Reason) },
            "backstop mitigate bypass assistant:prod kb-41 --reason \"the index is stale\"");
    }

    private static Verb Judge() => Begin(
        "judge",
        "Have every answer of candidate and holdback judged, so that a doubt about a release ends sooner. Backstop does so by itself while an incident is unexplained.",
        [],
        parse => new { kind = "judging", for_ms = Time(parse), reason = parse.GetValue(Reason) },
        "backstop mitigate judge assistant:prod --minutes 15 --reason \"is it the release?\"");

    private static Verb Lift()
    {
        var id = new Argument<string>("id") { Description = "Id of the mitigation; 'backstop mitigate list' has it." };
        var verb = Remote.Verb(
            "lift",
            "End a mitigation before its time.",
            [Alias, id, Reason],
            (parse, client, cancel) => client.AliasRule(
                parse.GetRequiredValue(Alias), $"mitigations/{Uri.EscapeDataString(parse.GetRequiredValue(id))}/lift", new { reason = parse.GetRequiredValue(Reason) }, cancel),
            Describe);
        verb.Examples = ["backstop mitigate lift assistant:prod m0190 --reason \"the provider is back\""];
        return verb;
    }

    private static Verb List()
    {
        var verb = Remote.Verb("list", "Show what is done on the live route of an alias.", [Alias], (parse, client, cancel) => client.Alias(parse.GetRequiredValue(Alias), cancel), Describe);
        verb.Examples = ["backstop mitigate list assistant:prod", "backstop mitigate list assistant:prod --json"];
        return verb;
    }

    private static Verb Begin(string name, string description, Symbol[] own, Func<ParseResult, object> body, string example)
    {
        var verb = Remote.Verb(
            name,
            description,
            [Alias, .. own, Minutes, Reason],
            (parse, client, cancel) => client.AliasRule(parse.GetRequiredValue(Alias), "mitigations", body(parse), cancel),
            Begun);
        verb.Examples = [example, $"{example} --json"];
        return verb;
    }

    /// <summary>What holds now, and how the last of it ends.</summary>
    internal static void Begun(AliasView alias, Screen screen)
    {
        Describe(alias, screen);
        screen.Next($"backstop mitigate lift {alias.Name} {alias.Mitigations[^1].Id} --reason \"over\"");
    }

    private static long Time(ParseResult parse) => (long)(parse.GetValue(Minutes) * 60_000);

    private static void Describe(AliasView alias, Screen screen) => screen.Table(
        alias.Mitigations,
        $"Nothing is done on {alias.Name} besides its policy.",
        ("id", m => m.Id),
        ("what", m => m.Words),
        ("until", m => Screen.Time(m.Until)),
        ("by", m => m.By),
        ("reason", m => m.Reason));
}
