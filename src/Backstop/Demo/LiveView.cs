using Backstop.Client;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Backstop.Demo;

/// <summary>The demo as it happens: who answers, what the ring stops, how strong the evidence is.</summary>
internal static class LiveView
{
    private const int BarWidth = 40;

    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(2);

    public static IRenderable Render(DemoProgress progress, TimeSpan elapsed)
    {
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn();
        grid.AddRow(new Markup("[bold]now[/]"), new Text($"{progress.Doing} ({elapsed.TotalSeconds:0} s)"));
        if (progress is { Alias: { } alias, Ledger: { } ledger })
        {
            grid.AddRow(new Markup("[bold]alias[/]"), new Text(Describe(alias, progress.Rollout)));
            AddShares(grid, ledger, alias);
            AddRing(grid, ledger);
            AddEvidence(grid, alias.Judgement);
        }

        if (progress.Incident is { } incident)
        {
            grid.AddRow(new Markup("[bold]incident[/]"), new Text(Describe(incident)));
        }

        return new Panel(grid).Header(" Backstop ").RoundedBorder().Padding(2, 1);
    }

    private static void AddShares(Grid grid, Ledger ledger, AliasView alias)
    {
        var since = DateTimeOffset.UtcNow - Recent;
        var recent = ledger.Receipts.Values.Where(r => r.SentAt > since && r.Release is not null).ToArray();
        foreach (var release in recent.Select(r => r.Release!).Append(alias.Current.Name).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var share = recent.Length == 0 ? 0 : (double)recent.Count(r => r.Release == release) / recent.Length;
            var colour = alias.Quarantined.Any(q => q.Name == release) ? "red" : release == alias.Current.Name ? "green" : "yellow";
            grid.AddRow(new Markup($"[bold]{Markup.Escape(release)} answers[/]"), Bar(share, colour, $"{share:P0}"));
        }
    }

    private static void AddRing(Grid grid, Ledger ledger)
    {
        var emitted = ledger.Toxic + ledger.Malformed;
        var delivered = ledger.ToxicDelivered + ledger.MalformedDelivered;
        grid.AddRow(
            new Markup("[bold]unsafe[/]"),
            new Markup($"{emitted} said by the models, [{(delivered == 0 ? "green" : "red")}]{delivered}[/] reached a user of {ledger.Receipts.Count}"));
    }

    private static void AddEvidence(Grid grid, JudgementView? judgement)
    {
        if (judgement is not { LogE: { } logE, Threshold: > 0 and var threshold })
        {
            return;
        }

        var strongest = Math.Max(logE.Form, logE.Quality);
        grid.AddRow(
            new Markup("[bold]evidence[/]"),
            Bar(strongest / threshold, strongest >= threshold ? "red" : "blue", $"log E {strongest:0.0} of {threshold:0.0}, {judgement.Verdict}"));
    }

    private static string Describe(AliasView alias, RolloutView? rollout)
    {
        var candidate = alias.Candidate is null ? "" : $", {alias.Candidate.Name} with {alias.CandidateBasisPoints / 100.0:0.#} %";
        var holdback = alias.HoldbackBasisPoints == 0 ? "" : $", {alias.Previous?.Name} holds back {alias.HoldbackBasisPoints / 100.0:0.#} %";
        return $"{alias.Name} serves {alias.Current.Name}{candidate}{holdback}, generation {alias.Generation}" +
            (rollout is null ? "" : $", rollout {rollout.Status}");
    }

    private static string Describe(IncidentView incident)
    {
        var segments = incident.SegmentsMs?.Where(s => s.Value is not null).Select(s => $"{s.Key.Replace('_', ' ')} {s.Value:0} ms") ?? [];
        return string.Join(" · ", [incident.Status, .. segments]);
    }

    private static Markup Bar(double share, string colour, string text)
    {
        var full = (int)Math.Round(Math.Clamp(share, 0, 1) * BarWidth);
        return new($"[{colour}]{new string('█', full)}[/][grey]{new string('░', BarWidth - full)}[/] {Markup.Escape(text)}");
    }
}
