using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Registry;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Makes a case of what a control plane knows by itself: both arms' outcomes, the release's diff, the ledger.</summary>
public static class LiveCase
{
    /// <summary>How long before the onset a change is still looked at.</summary>
    public static readonly TimeSpan ChangesBefore = TimeSpan.FromDays(3);

    // An alert of another system may know earlier than our tests do, and what fires later belongs to it as well.
    private static readonly TimeSpan AlertsBefore = TimeSpan.FromMinutes(30);

    private const string Quality = "quality";

    // Ways of failing, by the outcomes that count for one and those among which they are counted; null for all.
    private static readonly (string Name, Outcome[] Hits, Outcome[]? Among)[] Ways =
    [
        ("judged", [Outcome.Wrong], [Outcome.Correct, Outcome.Wrong]),
        ("schema_failures", [Outcome.SchemaBlocked], null),
        ("blocks", [Outcome.ToxicBlocked, Outcome.PiiBlocked], null),
        ("input_blocks", [Outcome.InputBlocked], null),
        ("errors", [Outcome.Error, Outcome.Late], null),
    ];

    /// <summary>The case as the arms show it; changes are added by <see cref="With"/>.</summary>
    /// <param name="id">The incident's.</param>
    /// <param name="judgement">What both arms did; null when a person raised the alarm.</param>
    /// <param name="usual">What the trusted release used to do.</param>
    /// <param name="differences">Where the two releases differ.</param>
    /// <param name="severe">Whether people are harmed.</param>
    public static IncidentCase Of(string id, Judgement? judgement, ControlRates usual, ImmutableArray<Difference> differences, bool severe) => new()
    {
        Id = id,
        Contrasts = judgement is null ? [] :
        [
            .. Ways.Select(way => Contrast(way, judgement, usual)).Concat(judgement.Scores.Select(score => Contrast(score, usual))).OfType<ArmCounts>()

                // Labels and a judge may tell of the same way of failing, of the same answers: together they would count twice.
                .GroupBy(counts => counts.Name, StringComparer.Ordinal).Select(same => same.MaxBy(counts => Math.Min(counts.Production.N, counts.Holdback.N))!),
        ],
        ReleaseDiffers = [.. differences.Select(PartOf).OfType<string>().Distinct(StringComparer.Ordinal)],
        Severe = severe,
    };

    /// <summary>The case with when it began and what the ledger holds by now.</summary>
    /// <param name="alias">Entries that concern another alias are left out.</param>
    /// <param name="onset">The first request on the suspected release, or when the alarm rang.</param>
    /// <param name="measured">What was measured on all traffic, before the onset and since.</param>
    /// <param name="exposed">When the suspected release got its first traffic; null when it did not just now.</param>
    public static IncidentCase With(this IncidentCase incident, string alias, DateTimeOffset onset, ImmutableArray<Signal> measured, DateTimeOffset? exposed, IEnumerable<LedgerEntry> ledger)
    {
        var entries = ledger.Where(entry => entry.Concerns(alias) && entry.At >= onset - ChangesBefore).ToList();
        var alerts = entries.Where(e => e.Alert is not null && e.At >= onset - AlertsBefore).Select(e => (Entry: e, Meaning: Vocabulary.Signal(e.Alert!))).ToList();
        return incident with
        {
            Onset = new(onset),
            Changes =
            [
                .. exposed is { } at && incident.ReleaseDiffers is { IsEmpty: false } parts ? [new Change(at, parts, "the release got its first traffic")] : ImmutableArray<Change>.Empty,
                .. entries.Where(e => e is { Alert: null, Parts.IsEmpty: false }).Select(e => new Change(e.At, [.. e.Parts.Select(Vocabulary.Part).OfType<string>().Distinct(StringComparer.Ordinal)], e.What)),
            ],
            Signals = [.. measured, .. alerts.Where(a => a.Meaning is not null).Select(a => new Signal(a.Meaning!.Value.Name, null, null, Stated: SignalReader.Rang, GivenAs: a.Entry.Alert))],
            Notes = [.. alerts.Where(a => a.Meaning is null).Select(a => $"alert '{a.Entry.Alert}' is not known and was ignored")],
        };
    }

    private static ArmCounts? Contrast((string Name, Outcome[] Hits, Outcome[]? Among) way, Judgement judgement, ControlRates usual)
    {
        var (tested, control) = (Count(judgement.Tested.Units, judgement.Tested.Rates), Count(judgement.Control.Units, judgement.Control.Rates));
        if (tested.N < 1 || control.N < 1)
        {
            return null;
        }

        var strata = usual.Rates.Select((rates, s) => Count(usual.Units[s] + (s == 0 ? ControlRates.PriorWeight : 0), rates)).ToList();
        return new(way.Name, tested, control, new(strata.Sum(s => s.N), strata.Sum(s => s.Hits)));

        Count Count(double units, ImmutableArray<double> rates)
        {
            var among = way.Among?.Sum(outcome => rates[(int)outcome]) ?? 1;
            return new(units * among, units * way.Hits.Sum(outcome => rates[(int)outcome]));
        }
    }

    // A score of nine tenths of the worst counts as nine tenths of a failure: of all scores with this mean, failures vary most.
    // What only describes answers, such as their length, may differ between releases and harm nobody.
    private static ArmCounts? Contrast(ScoreEvidence score, ControlRates usual)
    {
        var name = Vocabulary.Signal(score.Name)?.Name ?? Quality;
        return SignatureTable.GroupOf(name) == Quality && score is { IsUneven: false, Lately: { Tested: { Units: > 0 } tested, Control: { Units: > 0 } control } }
            ? new(
                name,
                Failures(tested.Units, tested.Badness),
                Failures(control.Units, control.Badness),
                usual.ScoreUnits.GetValueOrDefault(score.Name) is > 0 and var units ? Failures(units, usual.Scores[score.Name]) : null)
            : null;
    }

    private static Count Failures(long units, double? badness) => new(units, units * (badness ?? 0));

    private static string? PartOf(Difference difference) => difference.Component == "serving"
        ? difference.Path.StartsWith("/serving/model", StringComparison.Ordinal) ? "model" : null
        : Vocabulary.Part(difference.Component);
}
