using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop alias</c>: the names that applications call.</summary>
internal static class AliasCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Name of the alias, such as assistant:prod." };

    private static readonly Option<string> Reason = new("--reason")
    {
        Description = "Why; it is kept in the journal.",
        DefaultValueFactory = _ => "by hand",
    };

    public static Verb Create()
    {
        var alias = new Verb("alias", "Create the names that applications call, see and change what they serve.")
        {
            New(), List(), Show(), At(), Doubt(), Drift(), History(), Swap(), Rollback(), Approve(), AliasTraffic.Create(),
        };
        foreach (var rule in AliasRules.All())
        {
            alias.Subcommands.Add(rule);
        }

        return alias;
    }

    private static Verb New()
    {
        var release = new Argument<string>("release") { Description = "The release it serves first." };
        var capture = new Option<bool>("--capture") { Description = "Keep redacted samples of failing requests, so that an incident can become a gate." };
        var labels = new Option<int?>("--label-deadline-ms") { Description = "How long a request waits for its label. 5000 by default." };
        return Remote.Verb(
            "create",
            "Create an alias.",
            [Name, release, capture, labels],
            async (line, client, cancel) => Remote.Show(line, await client.CreateAlias(
                new(line.GetRequiredValue(Name), line.GetRequiredValue(release))
                {
                    CaptureSamples = line.GetValue(capture),
                    LabelDeadlineMs = line.GetValue(labels),
                },
                cancel), (alias, screen) =>
            {
                screen.Line($"{alias.Name} serves {alias.Current.Name} at generation {alias.Generation}.");
                screen.Next($"curl -s {Remote.ServerOf(line).GetLeftPart(UriPartial.Authority)}/v1/chat/completions -d '{{\"model\":\"{alias.Name}\",\"messages\":[{{\"role\":\"user\",\"content\":\"Hello\"}}]}}'");
            }),
            "backstop alias create assistant:prod v7", "backstop alias create assistant:prod v7 --capture --json");
    }

    private static Verb List() => Remote.Verb(
        "list",
        "List the aliases and what they serve.",
        [],
        (_, client, cancel) => client.Aliases(cancel),
        (aliases, screen) => screen.Table(
            aliases,
            "There is no alias: create one with 'backstop alias create NAME RELEASE'.",
            ("name", a => a.Name),
            ("current", a => a.Current.Name),
            ("candidate", a => a.Candidate is null ? null : $"{a.Candidate.Name} {Screen.Percent(a.CandidateBasisPoints)}"),
            ("previous", a => a.Previous is null ? null : $"{a.Previous.Name} {Screen.Percent(a.HoldbackBasisPoints)}"),
            ("generation", a => a.Generation.ToString()),
            ("rollout", a => a.Rollout?.Status)),
        "backstop alias list", "backstop alias list --json");

    private static Verb Show() => Remote.Verb(
        "show",
        "Show what an alias serves, which gateways know, and what the evidence says.",
        [Name],
        (parse, client, cancel) => client.Alias(parse.GetRequiredValue(Name), cancel),
        Describe,
        "backstop alias show assistant:prod", "backstop alias show assistant:prod --json");

    private static Verb At()
    {
        var time = new Argument<string>("time") { Description = "When: 2026-11-27T03:12:00Z, or a time of the last 24 hours such as 03:12 (UTC)." };
        var verb = Remote.Verb(
            "at",
            "Show what an alias served at a moment, and why.",
            [Name, time],
            (parse, client, cancel) => client.AliasAt(parse.GetRequiredValue(Name), Moment.Parse(parse.GetRequiredValue(time), DateTimeOffset.UtcNow), cancel),
            (alias, screen) => screen.Facts(
                ("at", Screen.Time(alias.At)),
                ("current", alias.Current.Name),
                ("candidate", alias.Candidate is null ? null : $"{alias.Candidate.Name} with {Screen.Percent(alias.CandidateBasisPoints)}"),
                ("previous", alias.Previous is null ? null : $"{alias.Previous.Name} with {Screen.Percent(alias.HoldbackBasisPoints)}"),
                ("generation", $"{alias.Generation} (epoch {alias.Epoch})"),
                ("because", alias.Because is null ? null : $"{alias.Because.Kind} at {Screen.Time(alias.Because.At)} by {alias.Because.Actor}: {alias.Because.Reason}"),
                ("last entry", $"{alias.Last.Kind} at {Screen.Time(alias.Last.At)} by {alias.Last.Actor}: {alias.Last.Reason}")));
        verb.Examples = ["backstop alias at assistant:prod 03:12", "backstop alias at assistant:prod 2026-11-27T03:12:00Z --json"];
        return verb;
    }

    private static Verb Doubt()
    {
        var verb = Remote.Verb(
            "doubt",
            "Show how often the monitors fired when the alias's baseline was compared with itself: every time was a false alarm.",
            [Name],
            (parse, client, cancel) => client.SelfComparison(parse.GetRequiredValue(Name), cancel),
            (self, screen) => screen.Facts(
                ("comparisons", $"{self.Comparisons} of {self.RequestsEach} requests each"),
                ("above 10", $"{self.AboveTen} without margins; more than a tenth of the comparisons would be too many"),
                ("above 100", $"{self.AboveHundred} without margins; more than a hundredth would be too many"),
                ("false alarms", $"{self.FalseAlarms} would have rolled back"),
                ("units", self.RequestsPerUnit is { } each ? $"about {self.Units:0} different ones in this stage's baseline, {each:0.0} requests each" : null)));
        verb.Examples = ["backstop alias doubt assistant:prod", "backstop alias doubt assistant:prod --json"];
        return verb;
    }

    private static Verb Drift()
    {
        var verb = Remote.Verb(
            "drift",
            "Show how features, nulls and retrieved documents have drifted from how they were in their first week.",
            [Name],
            (parse, client, cancel) => client.Drift(parse.GetRequiredValue(Name), cancel),
            (drift, screen) => screen.Table(
                drift.Streams,
                "Nothing is known of what requests to this alias bring with them.",
                ("signal", s => s.Signal),
                ("of", s => s.What),
                ("state", s => s.State),
                ("evidence", s => s.LogE is { } log ? $"{log:0.0} of {drift.Threshold:0.0}" : null),
                ("reference", s => Reading(s.Reference)),
                ("now", s => s.Now is null ? null : Reading(s.Now)),
                ("since", s => s is { State: "drifted", Since: { } since } ? Screen.Time(since) : null)));
        verb.Examples = ["backstop alias drift assistant:prod", "backstop alias drift assistant:prod --json"];
        return verb;
    }

    private static string Reading(ReadingView reading) => reading switch
    {
        { Share: { } share } => $"{100 * share:0.##} % of {reading.N:0}",
        { Mean: { } mean } => $"{mean:0.###} ± {reading.Deviation:0.###}, {reading.N:0} values",
        _ => "",
    };

    private static Verb History()
    {
        var after = new Option<long>("--after") { Description = "Only entries after this sequence number." };
        var limit = new Option<int>("--limit") { Description = "How many at most, up to 1000.", DefaultValueFactory = _ => 1000 };
        return Remote.Verb(
            "history",
            "Show every change of an alias, and why it was made.",
            [Name, after, limit],
            (parse, client, cancel) => client.History(parse.GetRequiredValue(Name), cancel, parse.GetValue(after), parse.GetValue(limit)),
            (entries, screen) => screen.Journal(entries),
            "backstop alias history assistant:prod");
    }

    private static Verb Swap()
    {
        var release = new Argument<string>("release") { Description = "The release to serve." };
        var expected = new Option<long?>("--expect")
        {
            Description = "Swap only if the alias is at this generation. Otherwise the one it is at when asked.",
        };
        var noWayBack = new Option<string?>("--no-way-back")
        {
            Description = "Swap for this reason though the release before could not take over again, by what they declare under compatibility.",
        };
        var withoutGates = new Option<string?>("--without-gates") { Description = "Swap for this reason though the release has not passed the gates that the alias requires." };
        return Remote.Verb(
            "swap",
            "Point an alias at a release at once, past rollout and server's gates. Gates that the alias requires still count.",
            [Name, release, expected, noWayBack, withoutGates, Reason],
            async (parse, client, cancel) =>
            {
                var name = parse.GetRequiredValue(Name);
                var generation = parse.GetValue(expected) ?? (await client.Alias(name, cancel)).Body.Generation;
                return await client.Swap(name, parse.GetRequiredValue(release), generation, parse.GetRequiredValue(Reason), cancel, parse.GetValue(noWayBack), parse.GetValue(withoutGates));
            },
            (alias, screen) => screen.Line($"{alias.Name} serves {alias.Current.Name} at generation {alias.Generation}."),
            "backstop alias swap assistant:prod v8 --reason \"tested by hand\"");
    }

    private static Verb Rollback() => Remote.Verb(
        "rollback",
        "Return an alias to its previous release, and quarantine the present one.",
        [Name, Reason],
        (parse, client, cancel) => client.Rollback(parse.GetRequiredValue(Name), parse.GetRequiredValue(Reason), cancel),
        (alias, screen) => screen.Line($"{alias.Name} is back on {alias.Current.Name} at generation {alias.Generation}."),
        "backstop alias rollback assistant:prod --reason \"it answers in French\"");

    private static Verb Approve()
    {
        var release = new Argument<string>("release") { Description = "The release that was rolled back here." };
        return Remote.Verb(
            "approve",
            "Lift the quarantine of a release. Its gates still stand.",
            [Name, release, Reason],
            (parse, client, cancel) => client.Approve(
                parse.GetRequiredValue(Name), parse.GetRequiredValue(release), parse.GetRequiredValue(Reason), cancel),
            (alias, screen) => screen.Line($"Approved. {alias.Name} serves {alias.Current.Name} at generation {alias.Generation}."),
            "backstop alias approve assistant:prod v8 --reason \"the upstream was at fault\"");
    }

    private static void Describe(AliasView alias, Screen screen)
    {
        screen.Facts(
            ("name", alias.Name),
            ("current", alias.Current.Name),
            ("candidate", alias.Candidate is null ? null : $"{alias.Candidate.Name} with {Screen.Percent(alias.CandidateBasisPoints)}"),
            ("previous", alias.Previous is null ? null : $"{alias.Previous.Name} with {Screen.Percent(alias.HoldbackBasisPoints)}"),
            ("generation", $"{alias.Generation} (epoch {alias.Epoch})"),
            ("standby", alias.Standby is { } standby ? Standby(standby) : null),
            ("kept warm", string.Join("; ", alias.KeptWarm.Select(AliasRules.Words))),
            ("mitigations", string.Join("; ", alias.Mitigations.Select(m => $"{m.Words} until {Screen.Time(m.Until)} (by {m.By}: {m.Reason})"))),
            ("quarantined", string.Join(", ", alias.Quarantined.Select(q => q.Name))),
            ("verified", alias.IsVerified ? "yes" : "no: a later release would not return to it"),
            ("required gates", alias.RequiredGates.Length == 0 ? null : string.Join(", ", alias.RequiredGates.Select(g => $"{g.Gate}{(g.Digest is { } digest ? $" ({Screen.Short(digest)})" : "")} within {g.WithinHours:0.#} h"))),
            ("pinned", alias.Pin is { } pin ? $"by {pin.By}: {pin.Reason}" : null),
            ("drills", alias.DrillEveryHours is { } hours
                ? $"one every {hours:0.##} hours, {(alias.DrillBasisPoints is { } own ? $"by themselves with {Screen.Percent(own)}" : "begun by people")}"
                : null),
            ("last drill", alias.Drill is null ? null : Drill(alias.Drill)),
            ("budget", alias.Budget is null ? null : Budget(alias.Budget)),
            ("rollout", alias.Rollout is null ? null : $"{alias.Rollout.Id} {alias.Rollout.Status} {alias.Rollout.Reason}"),
            ("judgement", alias.Judgement is null ? null : Verdict(alias.Judgement)),
            ("failures", RolloutCommand.Failures(alias.Judgement)),
            ("difference", RolloutCommand.Difference(alias.Judgement)));
        screen.Table(
            alias.Gateways,
            "No gateway is connected.",
            ("gateway", g => g.Id),
            ("generation", g => g.Generation.ToString()),
            ("acknowledged", g => g.AckedAt is { } at ? Screen.Time(at) : null));
    }

    private static string Budget(BudgetView budget) =>
        $"{budget.Spent:0.#####} of {budget.FalseRollbacksPerMonth:0.#####} false rollbacks in thirty days spent by {budget.Rollouts} rollout{(budget.Rollouts == 1 ? "" : "s")}";

    private static string Standby(StandbyView standby) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{(standby.Failed is { } why ? $"a rollback would fail: {why}" : $"warm on {standby.Replicas} replica{(standby.Replicas == 1 ? "" : "s")}")} at {Screen.Time(standby.At)}"
        + $"{(standby.BornePerSecond is { } borne ? $", bore {borne:0} requests a second where {standby.WantedPerSecond:0} would come" : "")}"
        + $"{(standby.ReplicaHours is { } hours ? $"; kept warm for {hours:0.#} replica-hours" : "")}");

    private static string Drill(DrillView drill) =>
        $"{(drill.Passed ? "passed" : $"failed ({drill.Failed ?? drill.Phase})")} at {Screen.Time(drill.StartedAt)}: {Screen.Percent(drill.BasisPoints)} "
        + $"on the previous release {drill.Away.ConvergedMs:0} ms after the decision, back after {drill.Back.ConvergedMs:0} ms";

    private static string Verdict(JudgementView judgement) =>
        $"{judgement.Verdict} on {judgement.Units} units, log E {judgement.LogE?.Form:0.0} form and {judgement.LogE?.Quality:0.0} quality " +
        $"of {judgement.Threshold:0.0} needed. {judgement.Reason}";
}
