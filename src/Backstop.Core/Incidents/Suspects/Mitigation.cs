namespace Backstop.Core.Incidents.Suspects;

/// <summary>What helps against a cause.</summary>
/// <param name="First">What to do in seconds.</param>
/// <param name="Second">What to do after that.</param>
/// <param name="Expected">What it does, and what rolling the release back would do.</param>
public sealed record Mitigation(string First, string Second, string Expected)
{
    /// <summary>The words after <c>backstop mitigate</c> that do the first, with <c>ALIAS</c> for the alias; null where there is no such verb, or where only the case tells its arguments.</summary>
    public string? Verb { get; init; }

    private const string SameInputs = "The inputs are sound again; the previous release meets the same ones, so rolling back does nothing.";
    private const string SameUpstream = "The failing dependency is out of the path; the previous release calls the same one, so rolling back does nothing.";

    /// <summary>The mitigation of a cause; of an unknown one for null.</summary>
    public static Mitigation Of(Cause? cause) => cause switch
    {
        Cause.Model or Cause.Schema or Cause.Index => new(
            "Swap the alias to the previous release, which is warm.", "Fall back to another model where none is warm.", "Failures return to the holdback's level at the swap."),
        Cause.Prompt => new(
            "Swap the alias to the previous release: it carries the previous prompt.", "Register the prompt's repair as a release of its own.", "Failures return to the holdback's level at the swap."),
        Cause.Guard => new(
            "Swap to a release with the previous guard policy.", "Try the check on a canary in observe mode.", "Blocks return to the holdback's level; the model stays."),
        Cause.GuardOutOfBand => new(
            "Clear the override, or take the failing check's fallback.", "Try the check on a canary in observe mode.", "Blocks return to what the policy says; rolling back does nothing, since both arms pass the same check."),
        Cause.PromptOutOfBand => new(
            "Pin the registered prompt at the gateway and reject unknown fingerprints; check the form and ask again meanwhile.",
            "Close the way by which the prompt was edited.",
            "Form returns as soon as the prompt does; rolling the model back does nothing, since both arms render the edit."),
        Cause.ModelOutOfBand => new(
            "Route to a provider or pool that serves what the release names.", "Pin the provider's version, and reject unknown fingerprints.", SameUpstream),
        Cause.EmptyFeatures or Cause.WrongFeatures or Cause.StaleFeatures => new(
            "Freeze the features to their last good values or defaults.", "Repair the pipeline and fill in what was lost.", SameInputs),
        Cause.Drift => new(
            "Route the part of the traffic that changed to a fallback, and tell its owner.", "Refresh the release on what users ask now.", SameInputs),
        Cause.StaleIndex or Cause.RetrievalDown => new(
            "Break the circuit of the route: answer without retrieval and say so, or from the last good index.", "Rebuild the index, or limit the rate until it recovers.", SameUpstream) { Verb = "bypass ALIAS" },
        Cause.Provider or Cause.Tool => new(
            "Break the circuit: fail over to another provider or answer without it, serve from cache, limit the rate.", "Ask its operator.", SameUpstream),
        Cause.Attack => new(
            "Tighten the input checks for this cluster and limit its sources.", "Block the template, and add it to the red-team set.", "Attacks stop at the input; the previous release may be weaker, so rolling back may harm.")
            { Verb = "tighten ALIAS --check injection --threshold 0.3" },
        Cause.Pool or Cause.Region => new(
            "Drain the pool or region that differs.", "Roll the engine or the routing back there.", "All is served by what works; rolling the release back does nothing."),
        Cause.Cache => new(
            "Bypass the cache, then empty it.", "Find what wrote into it.", "Answers are made afresh; rolling the release back does nothing."),
        Cause.Context => new(
            "Route long prompts to a pool that takes them whole.", "Restore the servers' limit on prompt tokens.", "Long prompts are read to their end; rolling the release back does nothing."),
        Cause.WrongWeights => new(
            "Route the tenant or pool to servers that serve what the release names.", "Check digests before a server takes traffic.", "Digests match again; rolling the release back does nothing."),
        Cause.SlowServing => new(
            "Restart the servers one by one, and shed load.", "Find the leak; limit what fills up.", "Latency falls with each restart; another release helps only as long as its servers are fresh."),
        Cause.Engine => new(
            "Route to a pool with the previous engine.", "Roll the engine back everywhere.", "Both releases recover there; rolling the release back does nothing on the same engine."),
        Cause.JudgeDrift or Cause.EvaluatorDown or Cause.LostOutcomes or Cause.LateLabels or Cause.Clock => new(
            "Suspend what acts on this signal, mark its data invalid, and rely on probes.", "Restore the instrument and judge the gap again.", "Nothing changes for users: they were never harmed. Rolling back would cost and change nothing."),
        Cause.None => new("Nothing. Watch.", "Lower the alarm's sensitivity if this repeats.", "Nothing is wrong, so nothing would help."),
        Cause.Unlisted or null => new(
            "Hold promotions, keep exposure as low as it is, and page a person.", "Do what tells most (below); roll back as a precaution where people are harmed.", "Nobody knows yet."),
        _ => throw new ArgumentOutOfRangeException(nameof(cause)),
    };
}
