using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents;
using Backstop.Core.Registry;

namespace Backstop.Core.Tests.Incidents;

public sealed class DiagnosisTests
{
    private static readonly Difference Model = new("serving", "/serving/model", "\"a\"", "\"b\"");
    private static readonly Difference Prompt = new("prompt", "/prompt/system", "\"a\"", "\"b\"");
    private static readonly Difference Replica = new("serving", "/serving/replicas", "[]", "[1]");
    private static readonly Difference Lineage = new("lineage", "/lineage", null, "\"x\"");

    [Theory]
    [InlineData(0.0, 0.90, 0.05, 0.05, RollbackAdvice.Helps, true)]
    [InlineData(0.0, 0.50, 0.05, 0.45, RollbackAdvice.Helps, true)]
    [InlineData(0.0, 0.05, 0.90, 0.05, RollbackAdvice.DoesNotHelp, false)]
    [InlineData(0.95, 0.0, 0.05, 0.0, RollbackAdvice.DoesNotHelp, false)]
    [InlineData(0.1, 0.5, 0.3, 0.1, RollbackAdvice.Inconclusive, null)]
    public void Whether_rolling_back_helps_is_decided_by_the_arms_alone(
        double none, double release, double shared, double compound, RollbackAdvice advice, bool? toBlame)
    {
        foreach (ImmutableArray<Difference> changed in (ImmutableArray<Difference>[])[[], [Model], [Model, Prompt]])
        {
            var diagnosis = Diagnosis.FromContrast(new(none, release, shared, compound), proven: false, null, changed);
            Assert.Equal(advice, diagnosis.Rollback);
            Assert.Equal(toBlame, diagnosis.ReleaseToBlame);
        }
    }

    [Fact]
    public void Only_parts_that_changed_are_suspected()
    {
        var diagnosis = Diagnosis.FromContrast(new(0, 0.98, 0.01, 0.01), proven: true, null, [Prompt, Lineage]);
        Assert.Equal(SuspectKind.Prompt, diagnosis.Suspects[0].Kind);
        Assert.Contains("/prompt/system", diagnosis.Suspects[0].Because, StringComparison.Ordinal);
        Assert.DoesNotContain(diagnosis.Suspects, s => s.Kind is SuspectKind.Model or SuspectKind.Guard or SuspectKind.Serving);
    }

    [Fact]
    public void Parts_that_changed_together_share_the_suspicion_and_the_record_says_why()
    {
        var diagnosis = Diagnosis.FromContrast(new(0, 1, 0, 0), proven: true, null, [Model, Prompt]);
        Assert.Equal(0.5, diagnosis.Suspects.Single(s => s.Kind == SuspectKind.Model).Probability, 9);
        Assert.Equal(0.5, diagnosis.Suspects.Single(s => s.Kind == SuspectKind.Prompt).Probability, 9);
        Assert.Contains(diagnosis.Findings, f => f.Contains("replay", StringComparison.Ordinal));
    }

    [Fact]
    public void A_release_to_blame_in_which_nothing_changed_has_no_named_suspect() =>
        Assert.Equal(SuspectKind.Unknown, Diagnosis.FromContrast(new(0, 1, 0, 0), proven: true, null, [Lineage]).Suspects[0].Kind);

    [Fact]
    public void Other_replicas_are_a_matter_of_serving_and_another_model_is_not() =>
        Assert.Equal((SuspectKind.Serving, SuspectKind.Model), (Diagnosis.KindOf(Replica)!.Value, Diagnosis.KindOf(Model)!.Value));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Probabilities_of_the_suspects_sum_to_one(bool proven)
    {
        foreach (var pattern in (ArmPattern[])[new(0, 0.98, 0.01, 0.01), new(0.25, 0.25, 0.25, 0.25), new(1, 0, 0, 0), new(0, 0, 1, 0), new(0, 1, 0, 0)])
        {
            var suspects = Diagnosis.FromContrast(pattern, proven, null, [Model, Prompt]).Suspects;
            Assert.Equal(1, suspects.Sum(s => s.Probability), 9);
            Assert.All(suspects, s => Assert.InRange(s.Probability, 0, 1));
        }
    }

    [Fact]
    public void A_bad_release_against_a_small_holdback_is_told_from_a_bad_day()
    {
        var history = History(units: 2000, failureRate: 0.06);
        Assert.True(Diagnosis.PatternOf(Judged(tested: (190, 72), control: (40, 2)), history).Release > 0.5);
        Assert.True(Diagnosis.PatternOf(Judged(tested: (600, 228), control: (800, 304)), history).Shared > 0.9);
        Assert.True(Diagnosis.PatternOf(Judged(tested: (600, 36), control: (80, 5)), history).None > 0.5);
    }

    [Fact]
    public void Findings_name_the_numbers_they_rest_on()
    {
        var findings = string.Join(' ', Diagnosis.FromContrast(new(0, 1, 0, 0), true, Judged((200, 76), (40, 2)), [Model]).Findings);
        Assert.Contains("38.0 % of 200", findings, StringComparison.Ordinal);
        Assert.Contains("5.0 % of 40", findings, StringComparison.Ordinal);
        Assert.Contains("Rolling back helps", findings, StringComparison.Ordinal);
    }

    internal static Judgement Judged((long Units, long Failures) tested, (long Units, long Failures) control) => new()
    {
        Verdict = Verdict.Regressed,
        Reason = "worse",
        Groups = [new(EvidenceGroup.Form, 12, 11, tested.Units + control.Units + 5)],
        Units = tested.Units + control.Units,
        Tested = Arm(tested),
        Control = Arm(control),
        AssignmentLogE = 0,
        ConfirmationLogE = 5,
        Offending = Outcome.Wrong,
        Digest = "00",
    };

    private static ArmEvidence Arm((long Units, long Failures) arm)
    {
        var rates = new double[Enum.GetValues<Outcome>().Length];
        rates[(int)Outcome.Wrong] = (double)arm.Failures / arm.Units;
        rates[(int)Outcome.Correct] = 1 - rates[(int)Outcome.Wrong];
        return new(arm.Units, [.. rates], CeilingEvidence.None);
    }

    private static ControlRates History(long units, double failureRate)
    {
        var rates = new double[Enum.GetValues<Outcome>().Length];
        rates[(int)Outcome.Wrong] = failureRate;
        rates[(int)Outcome.Correct] = 1 - failureRate;
        return new([[.. rates], [.. rates]], [units, 0]);
    }
}
