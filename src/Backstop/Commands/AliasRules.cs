using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary>What people lay down for an alias: <c>backstop alias pin</c>, <c>unpin</c>, <c>vouch</c>, <c>freeze</c>.</summary>
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
    ];

    private static Verb Rule(string verb, string description, string done) => Remote.Verb(
        verb,
        description,
        [Name, Reason],
        (parse, client, cancel) => client.AliasRule(parse.GetRequiredValue(Name), verb, new { reason = parse.GetRequiredValue(Reason) }, cancel),
        (alias, screen) => screen.Line($"{alias.Name} {done}: {alias.Current.Name} at generation {alias.Generation}."));

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
                alias.Freezes is [var window] ? $"Nothing rises on {alias.Name} from {Screen.Time(window.From)} until {Screen.Time(window.Until)}." : $"{alias.Name} is not frozen."));
    }
}
