using System.Collections.Immutable;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Core.Tests.Incidents;

/// <summary>Who is suspected, and whether rolling back is advised: two questions with their own evidence.</summary>
public sealed class InvestigationTests
{
    private static readonly DateTimeOffset Noon = DateTimeOffset.UnixEpoch.AddDays(20_000);

    private static readonly Count Usual = new(10_000, 600);

    private static readonly ArmCounts ReleaseWorse = new("judged", new(360, 80), new(360, 22), Usual);
    private static readonly ArmCounts BothWorse = new("judged", new(360, 80), new(360, 78), Usual);
    private static readonly ArmCounts NeitherWorse = new("judged", new(2000, 122), new(2000, 118), Usual);

    private static readonly ImmutableArray<ArmCounts> Healthy =
        [NeitherWorse, new("probes", new(1000, 60), new(1000, 61), Usual), new("schema_failures", new(2000, 8), new(2000, 8), new(10_000, 40)), new("blocks", new(4000, 41), new(4000, 38), new(10_000, 100))];

    [Fact]
    public void A_drop_at_the_minute_of_a_promotion_is_the_models_and_rolling_back_helps()
    {
        var findings = Investigation.Of(new() { Onset = new(Noon), Contrasts = [ReleaseWorse], Changes = [Changed("model")], ReleaseDiffers = ["model"] });

        Assert.Equal(SuspectKind.Model, findings.Named);
        Assert.Equal(RollbackAdvice.Helps, findings.Rollback);
    }

    [Fact]
    public void A_deploy_beside_empty_features_is_not_blamed_when_both_arms_fail_alike()
    {
        var findings = Investigation.Of(new()
        {
            Onset = new(Noon),
            Contrasts = [BothWorse],
            Signals = [new("feature_nulls", new(5000, 20), new(5000, 1400), "age")],
            Changes = [Changed("model")],
            ReleaseDiffers = ["model"],
        });

        Assert.Equal(SuspectKind.Data, findings.Named);
        Assert.Equal(RollbackAdvice.DoesNotHelp, findings.Rollback);
    }

    [Fact]
    public void A_prompt_that_nobody_registered_is_found_by_its_fingerprint_and_no_rollback_is_advised()
    {
        var findings = Investigation.Of(new()
        {
            Onset = new(Noon),
            Contrasts = [BothWorse, new("schema_failures", new(2000, 300), new(1000, 148), new(10_000, 40))],
            Signals = [new("prompt_fingerprint", new(5000, 4), new(2000, 1900))],
            ReleaseDiffers = [],
        });

        Assert.Equal(SuspectKind.Prompt, findings.Named);
        Assert.Equal(Cause.PromptOutOfBand, findings.Causes[0].Cause);
        Assert.Equal(RollbackAdvice.DoesNotHelp, findings.Rollback);
        Assert.Contains("fingerprint", findings.Mitigation.First, StringComparison.Ordinal);
    }

    [Fact]
    public void Errors_on_the_route_that_retrieves_are_the_upstreams()
    {
        var findings = Investigation.Of(new()
        {
            Onset = new(Noon),
            Contrasts = [BothWorse],
            Signals =
            [
                new("retrieval_errors", new(2000, 5), new(800, 320)),
                new("retrieval_latency", new(2000, null, 0.2, 0.1), new(800, null, 0.9, 0.4)),
                new("one_route", new(1200, 70), new(800, 350)),
            ],
        });

        Assert.Equal(SuspectKind.Upstream, findings.Named);
        Assert.Equal(RollbackAdvice.DoesNotHelp, findings.Rollback);
    }

    [Fact]
    public void A_harmless_deploy_alone_makes_nobody_a_suspect()
    {
        var findings = Investigation.Of(new() { Onset = new(Noon), Contrasts = Healthy, Changes = [Changed("model")], ReleaseDiffers = ["model"] });

        Assert.NotEqual(SuspectKind.Model, findings.Named);
        Assert.Equal(RollbackAdvice.DoesNotHelp, findings.Rollback);
    }

    [Fact]
    public void Arms_of_the_wrong_size_prove_nothing()
    {
        var findings = Investigation.Of(new() { Contrasts = [ReleaseWorse], AssignmentHolds = false, ReleaseDiffers = ["model"] });

        Assert.Null(findings.Pattern);
        Assert.Equal(RollbackAdvice.Inconclusive, findings.Rollback);
    }

    [Fact]
    public void Where_people_are_harmed_rolling_back_is_a_precaution_unless_it_is_known_not_to_help()
    {
        var unclear = new IncidentCase { Severe = true, Contrasts = [new("judged", new(40, 5), new(40, 3), Usual)] };

        Assert.True(Investigation.Of(unclear).Precautionary);
        Assert.False(Investigation.Of(unclear with { Contrasts = [BothWorse] }).Precautionary);
    }

    [Fact]
    public void One_loud_sensor_does_not_outshout_all_others()
    {
        // Ten sensors are quiet and the arms are as ever; one reports nonsense.
        var findings = Investigation.Of(new()
        {
            Contrasts = Healthy,
            Signals = [new("latency", new(2000, null, 1, 0.3), new(2000, null, 90, 0.3)), .. Quiet("errors", "provider_errors", "retrieval_errors", "refusals")],
        });

        Assert.Equal(RollbackAdvice.DoesNotHelp, findings.Rollback);
        Assert.True(findings.Suspects[0].Probability < 0.999);
    }

    [Fact]
    public void Probabilities_are_those_of_exclusive_suspects()
    {
        var findings = Investigation.Of(new() { Contrasts = [ReleaseWorse] });

        Assert.Equal(1, findings.Causes.Sum(c => c.Probability), 1e-9);
        Assert.Equal(1, findings.Suspects.Sum(s => s.Probability), 1e-9);
    }

    [Fact]
    public void A_doubtful_case_says_what_would_settle_it()
    {
        var findings = Investigation.Of(new() { Contrasts = [ReleaseWorse], ReleaseDiffers = ["model", "prompt"] });

        Assert.Equal(SuspectKind.Unknown, findings.Named);
        Assert.Contains("one changed part at a time", findings.NextActions[0].Words, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_release_beside_empty_features_is_told_as_both_with_its_share()
    {
        var findings = Investigation.Of(new()
        {
            Onset = new(Noon),
            Contrasts = [new("judged", new(2000, 800), new(2000, 460), Usual)],
            Signals = [new("feature_nulls", new(5000, 20), new(5000, 1400), "age")],
            Changes = [Changed("model")],
            ReleaseDiffers = ["model"],
        });

        Assert.Equal([Cause.Model, Cause.EmptyFeatures], findings.Compound.Select(c => c.Cause));
        Assert.Equal(0.5, findings.Compound[0].Share!.Value, 0.01);
        Assert.Equal(RollbackAdvice.Helps, findings.Rollback);
    }

    [Fact]
    public void Ways_of_failing_that_contradict_each_other_are_two_causes_and_never_nonsense()
    {
        var findings = Investigation.Of(new() { Contrasts = [ReleaseWorse, new("blocks", new(4000, 900), new(4000, 905), new(10_000, 100))] });

        Assert.True(findings.Pattern!.Compound > 0.9);
        Assert.All(findings.Causes, c => Assert.InRange(c.Probability, 0, 1));
    }

    [Fact]
    public void A_case_with_nothing_measured_names_nobody_and_says_what_to_measure()
    {
        var findings = Investigation.Of(new());

        Assert.Equal(SuspectKind.Unknown, findings.Named);
        Assert.Equal(RollbackAdvice.Inconclusive, findings.Rollback);
        Assert.Equal(3, findings.NextActions.Length);
    }

    [Fact]
    public void A_shared_fall_that_no_sensor_explains_is_not_blamed_on_the_harmless_release()
    {
        var findings = Investigation.Of(new() { Onset = new(Noon), Contrasts = [BothWorse], Signals = [.. Quiet("errors", "provider_errors", "retrieval_errors", "feature_nulls", "input_mix", "prompt_fingerprint")], Changes = [Changed("model")], ReleaseDiffers = ["model"] });

        Assert.NotEqual(SuspectKind.Model, findings.Named);
        Assert.Equal(RollbackAdvice.DoesNotHelp, findings.Rollback);
    }

    [Fact]
    public void The_truth_in_a_case_changes_nothing()
    {
        var incident = new IncidentCase { Contrasts = [ReleaseWorse] };

        Assert.Equal(Investigation.Of(incident).Causes, Investigation.Of(incident with { Truth = new([SuspectKind.Attack], false) }).Causes);
    }

    [Fact]
    public void The_table_argues_every_cause_and_names_only_what_it_knows()
    {
        foreach (var name in SignatureTable.Signals.Concat(SignatureTable.Groups))
        {
            Assert.All(SignatureTable.All, cause => Assert.InRange(SignatureTable.Moves(name, cause), 0.001, 0.999));
            Assert.InRange(SignatureTable.Moves(name, Cause.None), 0.01, 0.25);
        }

        Assert.All(SignatureTable.All, cause => Assert.True(SignatureTable.BaseRate(cause) > 0));
        Assert.All(SignatureTable.All, cause => Assert.NotEmpty(Mitigation.Of(cause).First));
        Assert.All(SignatureTable.Signals, signal => Assert.Contains(SignatureTable.All, cause => SignatureTable.Moves(signal, cause) > 0.2));
    }

    [Fact]
    public void In_three_days_so_much_is_changed_that_a_change_says_little_about_what_creeps_in()
    {
        double Suspected(bool slow, double minutes)
        {
            var incident = new IncidentCase { Onset = new(Noon, slow) };
            return ChangePrior.Weight(Cause.JudgeDrift, incident with { Changes = [new(Noon - TimeSpan.FromMinutes(minutes), ["judge"])] }) / ChangePrior.Weight(Cause.JudgeDrift, incident);
        }

        Assert.InRange(Suspected(slow: false, 2), 8, 9);
        Assert.InRange(Suspected(slow: true, 2), 1.9, 2);
        Assert.InRange(Suspected(slow: true, 24 * 60), 1.5, 1.9);
    }

    [Fact]
    public void Arms_that_blame_a_release_which_nothing_else_blames_are_looked_at_more_closely_before_it_is_rolled_back()
    {
        var findings = Investigation.Of(new()
        {
            Onset = new(Noon, Slow: false),
            Contrasts =
            [
                new("judged", new(360, 108), new(360, 77), new(4000, 648)),
                new("schema_failures", new(2400, 10), new(2400, 5), new(4000, 12)),
                new("blocks", new(2400, 19), new(2400, 14), new(4000, 28)),
                new("probes", new(240, 48), new(240, 38), new(960, 104)),
            ],
            Signals = [new("retrieval_errors", new(1600, 2), new(960, 404)), new("errors", new(4000, 8), new(2400, 151)), new("one_route", new(1440, 193), new(960, 353), "search")],
            ReleaseDiffers = ["model"],
        });

        Assert.Equal((SuspectKind.Upstream, RollbackAdvice.Helps), (findings.Named, findings.Rollback));
        Assert.True(findings.Contradicts && findings.IsOpen);
        Assert.Contains(findings.Notes, note => note.Contains("judge more of the holdback", StringComparison.Ordinal));
    }

    private static Change Changed(string part) => new(Noon - TimeSpan.FromMinutes(2), [part]);

    private static IEnumerable<Signal> Quiet(params string[] names) =>
        names.Select(name => new Signal(name, new(5000, 25), new(5000, 26)));
}
