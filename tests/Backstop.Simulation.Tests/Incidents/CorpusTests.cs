using System.Text.Json;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Simulation.Incidents;

namespace Backstop.Simulation.Tests.Incidents;

/// <summary>Incidents whose cause is known: diagnosis must find it, and must not advise what does not help.</summary>
public sealed class CorpusTests(ITestOutputHelper output)
{
    [Fact]
    public void The_cause_is_found_more_often_than_by_any_rule_of_thumb()
    {
        var scores = Score(new() { Cases = 136, Seed = 11 });

        var ours = scores[0];
        Assert.True(ours.FourWay!.Value >= 0.9, $"four-way {ours.FourWay.Value}");
        Assert.True(ours.UselessRollback!.Value <= 0.03, $"useless rollback {ours.UselessRollback.Value}");
        Assert.True(ours.MissedRollback!.Value <= 0.06, $"missed rollback {ours.MissedRollback.Value}");
        Assert.All(scores.Where(s => !s.Method.StartsWith("ours", StringComparison.Ordinal)), other => Assert.True(other.Top1.Upper < ours.Top1.Lower, other.Method));
    }

    [Theory]
    [InlineData("bad model", SuspectKind.Model, true)]
    [InlineData("slow drift", SuspectKind.Data, false)]
    [InlineData("unregistered prompt edit", SuspectKind.Prompt, false)]
    [InlineData("retrieval outage", SuspectKind.Upstream, false)]
    public void The_four_cases_of_the_textbooks_exercise_are_told_apart(string family, SuspectKind suspect, bool rollback) =>
        Exercise(family, suspect, rollback, seeds: 20);

    [Theory(Explicit = true)]
    [InlineData("bad model", SuspectKind.Model, true)]
    [InlineData("slow drift", SuspectKind.Data, false)]
    [InlineData("unregistered prompt edit", SuspectKind.Prompt, false)]
    [InlineData("retrieval outage", SuspectKind.Upstream, false)]
    public void The_four_cases_are_told_apart_in_95_of_100_of_200_seeds(string family, SuspectKind suspect, bool rollback) =>
        Exercise(family, suspect, rollback, seeds: 200);

    [Fact]
    public void The_same_seed_makes_the_same_incident_and_another_seed_another()
    {
        var (one, other) = (Corpus.Plan(new())(3), Corpus.Plan(new())(3));

        Assert.Equal(CaseWriter.Write(one.First), CaseWriter.Write(other.First));
        Assert.NotEqual(CaseWriter.Write(one.First), CaseWriter.Write(Corpus.Plan(new() { Seed = 2 })(3).First));
    }

    [Fact]
    public void A_case_that_was_written_is_read_as_it_was()
    {
        var incident = Corpus.Plan(new())(7).First;
        var read = CaseReader.Read(CaseWriter.Write(incident));

        Assert.Empty(read.Notes);
        Assert.Equal(incident.Signals, read.Signals);
        Assert.Equal(incident.Contrasts, read.Contrasts);
        Assert.Equal(incident.Truth!.Suspects, read.Truth!.Suspects);
        Assert.Equal(Investigation.Of(incident).Causes, Investigation.Of(read).Causes);
    }

    [Fact]
    public void A_cause_that_nobody_could_see_is_no_truth()
    {
        var incident = Corpus.One("quantised model", new() { Effect = 0.01 }, seed: 5);

        Assert.Empty(incident.Truth);
    }

    [Fact]
    public void Nothing_is_wrong_in_the_share_of_cases_that_was_asked_for()
    {
        var plan = Corpus.Plan(new() { NothingShare = 0.4, Effect = 1, Requests = 200, Judged = 100 });
        var nothing = Enumerable.Range(0, 50).Count(i => plan(i).First.Truth!.Family!.StartsWith("nothing", StringComparison.Ordinal));

        Assert.Equal(20, nothing);
    }

    [Fact]
    public void Incidents_of_another_maker_with_other_names_are_told_apart_too() => Traced(seeds: 8);

    [Fact(Explicit = true)]
    public void Many_incidents_of_another_maker_are_told_apart_too() => Traced(seeds: 120);

    private void Traced(int seeds)
    {
        var tally = new DiagnosisTally("first look");
        var number = 0;
        foreach (var (fault, suspect, rollback) in TracedIncident.All)
        {
            for (var seed = 1; seed <= seeds * (suspect is null ? 4 : 1); seed++)
            {
                var incident = CaseReader.Read(TracedIncident.Make(fault, 0.6, (ulong)seed));
                var truth = new CaseTruth(suspect is { } s ? [s] : [], rollback, fault);
                tally.Add(number++, truth, DiagnosisMethod.All[1].Diagnose(new(incident, null, (ulong)seed)));
            }
        }

        var score = tally.Close();
        output.WriteLine(JsonSerializer.Serialize(score with { RiskCoverage = [] }));

        // The bar for families that nobody looked at while the table was argued.
        Assert.True(score.FourWay!.Value >= 0.80, $"four-way {score.FourWay.Value}");
        Assert.True(score.UselessRollback!.Value <= 0.02, $"useless rollback {score.UselessRollback.Value}");
        Assert.True(score.MissedRollback!.Value <= 0.15, $"missed rollback at the first look {score.MissedRollback.Value}");
        Assert.True(score.Specificity!.Value >= 0.9, $"specificity {score.Specificity.Value}");
    }

    // Right is who names the suspect, and not only puts it first.
    private void Exercise(string family, SuspectKind suspect, bool rollback, int seeds)
    {
        var right = 0;
        for (var seed = 1; seed <= seeds; seed++)
        {
            var incident = Corpus.One(family, new(), (ulong)seed);
            var answer = DiagnosisMethod.All[0].Diagnose(new(incident.First, () => incident.Closer.Value, (ulong)seed));
            right += answer.Suspect == suspect && answer.Sure >= Investigation.Named && (answer.Rollback == RollbackAdvice.Helps) == rollback ? 1 : 0;
        }

        output.WriteLine($"{family}: {right} of {seeds}");
        Assert.True(right >= 0.95 * seeds, $"{right} of {seeds}");
    }

    private static DiagnosisScore[] Score(CorpusOptions options)
    {
        var plan = Corpus.Plan(options);
        var tallies = DiagnosisMethod.All.Select(method => new DiagnosisTally(method.Name)).ToArray();
        for (var i = 0; i < options.Cases; i++)
        {
            var incident = plan(i);
            var shown = new PresentedCase(incident.First, () => incident.Closer.Value, (ulong)i);
            for (var m = 0; m < tallies.Length; m++)
            {
                tallies[m].Add(i, incident.First.Truth!, DiagnosisMethod.All[m].Diagnose(shown));
            }
        }

        return [.. tallies.Select(tally => tally.Close())];
    }
}
