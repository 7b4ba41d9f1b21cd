using System.Collections.Immutable;

namespace Backstop.Core.Guards;

/// <summary>One check of a policy in words.</summary>
/// <param name="Waits">What a stream waits for because of it.</param>
/// <param name="WhenBroken">What happens to a text when the check gives no answer.</param>
public sealed record CheckExplanation(string Id, string Use, string Mode, string Action, string Waits, string WhenBroken, ImmutableArray<string> Covers);

/// <summary>What a policy does, stage by stage, in the order in which a request meets it.</summary>
public static class PolicyExplanation
{
    public static ImmutableSortedDictionary<GuardStage, ImmutableArray<CheckExplanation>> Of(GuardPolicy policy)
    {
        var ring = Ring.Compile(policy);
        return Enum.GetValues<GuardStage>()
            .Where(stage => !ring.Of(stage).All.IsEmpty)
            .ToImmutableSortedDictionary(stage => stage, stage => ring.Of(stage).All.Select(check => Of(check, stage)).ToImmutableArray());
    }

    private static CheckExplanation Of(CompiledCheck compiled, GuardStage stage)
    {
        var (use, check) = (compiled.Use, compiled.Check.Descriptor);
        var streams = stage is GuardStage.Output or GuardStage.Reasoning && use.Action != Disposition.Observe && compiled.Duty == CheckDuty.Enforce;
        var waits = !streams ? "nothing"
            : check.Scope == CheckScope.Whole ? "the end of the answer"
            : check.Scope == CheckScope.Window ? $"the end of a sentence, at most {check.MaxHold} characters"
            : $"text that could still become a finding, at most {check.MaxHold} characters";
        return new CheckExplanation(
            use.Id, use.Use, use.Mode.ToString().ToLowerInvariant(), ActionOf(use, check), waits, OutcomeOf(use.OnError), check.Tags);
    }

    private static string ActionOf(CheckUse use, CheckDescriptor check) => use.Action switch
    {
        _ when check.Transforms => "marks text that nobody vouches for",
        Disposition.Block => "stops the text; the caller gets an error, or the safe text instead of an answer",
        Disposition.Fix => $"changes what was found; what cannot be fixed: {use.Unfixable.ToString().ToLowerInvariant()}",
        Disposition.Drop => "takes out what was found",
        Disposition.Refuse => "stops the text; the caller gets the safe text",
        Disposition.Reask => "stops the answer and asks again",
        Disposition.Fallback => "stops the answer and asks another release",
        _ => "takes notes",
    };

    private static string OutcomeOf(FailOutcome outcome) => outcome.Mode switch
    {
        FailMode.PassFlagged => "the text passes, marked as not checked",
        FailMode.Degrade => $"'{outcome.DegradeTo}' answers instead",
        FailMode.Fallback => "another release is asked",
        _ => "the text is stopped",
    };
}
