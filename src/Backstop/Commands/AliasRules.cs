using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Gates;

namespace Backstop.Commands;

/// <summary>What people lay down for an alias: <c>backstop alias pin</c>, <c>unpin</c>, <c>vouch</c>, <c>freeze</c>, <c>require</c>, <c>warm</c>, <c>drills</c>.</summary>
internal static class AliasRules
{
    private static readonly Argument<string> Name = new("name") { Description = "Name of the alias, such as assistant:prod." };
    private static readonly Option<string> Reason = new("--reason") { Description = "Why; it is kept in the journal.", Required = true };

    public static IEnumerable<Verb> All() =>
    [
        Rule("pin", "Keep an alias on its current release: nothing automatic goes past it, not even a rollback of a bad release.", "is pinned"),
        Rule("unpin", "Lift a pin.", "is not pinned any more"),
        Rule("vouch", "Take the current release as verified without a bake: later releases are taken back to it.", "has a verified release"),
        Freeze(),
        Require(),
        Warm(),
        Drills(),
    ];

    private static Verb Rule(string verb, string description, string done) => Remote.Verb(
        verb,
        description,
        [Name, Reason],
        (parse, client, cancel) => client.AliasRule(parse.GetRequiredValue(Name), verb, new { reason = parse.GetRequiredValue(Reason) }, cancel),
        (alias, screen) => screen.Line($"{alias.Name} {done}: {alias.Current.Name} at generation {alias.Generation}."),
        $"backstop alias {verb} assistant:prod --reason \"the launch is over\"");

    private static Verb Require()
    {
        var gates = new Argument<string[]>("gates") { Description = "Ids of suites, each with @DIGEST if only that version of it counts. None: nothing is required any more.", Arity = ArgumentArity.ZeroOrMore };
        var within = new Option<double>("--within-hours") { Description = "How old a result may be.", DefaultValueFactory = _ => RequiredGate.UsualHours };
        var verb = Remote.Verb(
            "require",
            "Let no release near the users of an alias that has not passed these suites of files. It replaces what was required.",
            [Name, gates, within, Reason],
            (parse, client, cancel) => client.AliasRule(
                parse.GetRequiredValue(Name),
                "required-gates",
                new
                {
                    gates = (parse.GetValue(gates) ?? []).Select(g => g.Split('@', 2)).Select(g => new { gate = g[0], digest = g.ElementAtOrDefault(1), within_hours = parse.GetValue(within) }),
                    reason = parse.GetRequiredValue(Reason),
                },
                cancel),
            (alias, screen) => screen.Line(alias.RequiredGates.Length == 0
                ? $"{alias.Name} requires no gate."
                : $"A release must have passed {string.Join(", ", alias.RequiredGates.Select(g => g.Gate))} before {alias.Name} takes it."));
        verb.Examples = ["backstop alias require assistant:prod refunds safety --within-hours 72 --reason \"after INC-2026-014\""];
        return verb;
    }

    private static Verb Warm()
    {
        var releases = new Argument<string[]>("releases")
        {
            Description = "Releases that stay warm beside current and previous, each with @ADDRESS if only at that replica; an address that ends in '*' stands for all that begin so, such as a region's. None: no others.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var verb = Remote.Verb(
            "warm",
            "Say which releases stay warm beside current and previous, and where. It replaces what was said before.",
            [Name, releases, Reason],
            (parse, client, cancel) => client.AliasRule(
                parse.GetRequiredValue(Name),
                "warm-set",
                new
                {
                    keep = (parse.GetValue(releases) ?? []).Select(r => r.Split('@', 2)).GroupBy(r => r[0], StringComparer.Ordinal)
                        .Select(same => new { release = same.Key, at = same.Any(r => r.Length == 1) ? [] : same.Select(r => r[1]).ToArray() }),
                    reason = parse.GetRequiredValue(Reason),
                },
                cancel),
            (alias, screen) =>
            {
                screen.Line($"{alias.Name} keeps current and previous warm{string.Concat(alias.KeptWarm.Select(k => $"; {Words(k)}"))}.");
                screen.Next($"backstop alias show {alias.Name}");
            });
        verb.Examples =
        [
            "backstop alias warm assistant:prod v6-small \"v7@http://10.1.*\" --reason \"a conservative one everywhere\"",
            "backstop alias warm assistant:prod --reason \"current and previous are enough\" --json",
        ];
        return verb;
    }

    /// <summary>A release that is kept warm, and how it showed itself.</summary>
    internal static string Words(KeptView kept)
    {
        var where = kept.At.Length == 0 ? "" : $" at {string.Join(", ", kept.At)}";
        return kept switch
        {
            { AskedAt: null } => $"{kept.Release}{where} is kept warm",
            { Failed: { } why } => $"{kept.Release}{where} is not warm: {why}",
            { AskedAt: { } at } => $"{kept.Release}{where} was warm at {Screen.Time(at)}",
        };
    }

    private static Verb Drills()
    {
        var every = new Option<double?>("--every-hours") { Description = "How old a passed drill may be for a rollout to begin. Without it, none is asked for any more." };
        var share = new Option<double?>("--share") { Description = "Let drills begin by themselves before the last one is too old, with this percent of the traffic." };
        var verb = Remote.Verb(
            "drills",
            "Say how often a rollback must be rehearsed: without a drill that passed lately no rollout begins.",
            [Name, every, share, Reason],
            (parse, client, cancel) => client.AliasRule(
                parse.GetRequiredValue(Name),
                "drill-policy",
                new
                {
                    every_hours = parse.GetValue(every),
                    basis_points = parse.GetValue(share) is { } percent ? (int?)Math.Round(percent * 100) : null,
                    reason = parse.GetRequiredValue(Reason),
                },
                cancel),
            (alias, screen) =>
            {
                screen.Line(alias.DrillEveryHours is { } hours ? $"{alias.Name} wants a drill every {hours:0.##} hours." : $"{alias.Name} asks for no drills.");
                if (alias is { DrillEveryHours: not null, DrillBasisPoints: null })
                {
                    screen.Next($"backstop drill {alias.Name}");
                }
            });
        verb.Examples = ["backstop alias drills assistant:prod --every-hours 168 --share 10 --reason \"weekly\"", "backstop alias drills assistant:prod --reason \"retired\""];
        return verb;
    }

    private static Verb Freeze()
    {
        var from = new Option<DateTimeOffset?>("--from") { Description = "When it begins, such as 2026-12-24T00:00Z. Now unless given." };
        var until = new Option<DateTimeOffset?>("--until") { Description = "When it ends. Without it, every freeze of the alias is lifted." };
        var weekly = new Option<bool>("--every-week") { Description = "It comes again every seven days." };
        return Remote.Verb(
            "freeze",
            "Let no exposure rise in a time. A rollback is never held back. It replaces the freezes there were.",
            [Name, from, until, weekly, Reason],
            (parse, client, cancel) =>
            {
                var reason = parse.GetRequiredValue(Reason);
                object[] windows = parse.GetValue(until) is { } end
                    ? [new { from = parse.GetValue(from) ?? DateTimeOffset.UtcNow, until = end, reason, every_week = parse.GetValue(weekly) }]
                    : [];
                return client.AliasRule(parse.GetRequiredValue(Name), "freezes", new { windows, reason }, cancel);
            },
            (alias, screen) => screen.Line(
                alias.Freezes is [var window] ? $"Nothing rises on {alias.Name} from {Screen.Time(window.From)} until {Screen.Time(window.Until)}." : $"{alias.Name} is not frozen."),
            "backstop alias freeze assistant:prod --from 2026-12-24T00:00Z --until 2026-12-27T06:00Z --reason holidays", "backstop alias freeze assistant:prod --reason \"back at work\"");
    }
}
