using Orleans.Concurrency;

namespace Backstop.Control.Rollouts;

/// <summary>The one place that decides about an alias; the key is its name.</summary>
/// <remarks>Arguments are texts and bytes, so that another silo can read them whatever version it runs.</remarks>
public interface IAliasGrain : IGrainWithStringKey
{
    /// <summary>Takes up what was going on when the last owner died.</summary>
    Task Wake();

    /// <summary>Starts a rollout.</summary>
    /// <param name="candidate">Digest of the release to expose.</param>
    /// <param name="plan">A rollout plan as JSON.</param>
    /// <param name="evidence">An evidence plan as JSON.</param>
    /// <param name="supersede">Whether it takes the place of an active rollout that is not promoted yet.</param>
    /// <param name="actor">Who asks.</param>
    Task<AliasReply> Submit(string candidate, string plan, string evidence, bool supersede, string actor);

    /// <summary>Makes a release current at once, if the alias is still at the expected generation.</summary>
    /// <param name="noWayBack">Why it may be though the release before it could not take over again; null when it may not.</param>
    /// <param name="withoutGates">Why it may be without the results that the alias requires; null when it may not.</param>
    Task<AliasReply> Swap(string release, long expectedGeneration, string? noWayBack, string? withoutGates, string reason, string actor);

    /// <summary>Returns to the previous release, or withdraws the candidate. Never refused while there is something to take back.</summary>
    Task<AliasReply> Rollback(string reason, string actor);

    /// <summary>Does what a person asks of a rollout.</summary>
    /// <param name="command">A <see cref="RolloutCommand"/> as JSON.</param>
    Task<AliasReply> Tell(string rollout, string command, string actor);

    /// <summary>Changes something about the alias besides its releases.</summary>
    /// <param name="change">An <see cref="AliasAmendment"/> as JSON.</param>
    Task<AliasReply> Amend(string change, string reason, string actor);

    /// <summary>Begins to rehearse a rollback.</summary>
    /// <param name="basisPoints">Share that goes to the previous release and back.</param>
    /// <param name="warm">How long its replicas took to answer just now: asked outside, so that nobody here waits for a cold one.</param>
    Task<AliasReply> StartDrill(int basisPoints, TimeSpan warm, string reason, string actor);

    /// <summary>Writes down that a drill that was due could not begin.</summary>
    Task FailDrill(string why);

    /// <summary>Puts a rule in force at the gateways that contains a fault.</summary>
    /// <param name="incident">Id of the incident.</param>
    /// <param name="cause">The <see cref="Core.Incidents.Suspects.Cause"/> it is against, by name.</param>
    Task<AliasReply> Contain(string incident, string cause, string actor);

    /// <summary>What requests bring with them now is how it is to be.</summary>
    Task AcceptInputs();

    /// <summary>Rolls back before it is known whether that helps, because people are harmed. Not where a person pinned the alias.</summary>
    Task<AliasReply> Precaution(string incident, string actor);

    /// <summary>Questions with known answers were put to the alias's releases.</summary>
    /// <param name="asked">Of the current release, then of the previous one.</param>
    /// <param name="failed">How many of them each failed.</param>
    Task Probed(int[] asked, int[] failed);

    /// <summary>Merges what batches (<c>SignalBatch</c> messages) say about this alias; with none, it says how much is stored by now.</summary>
    /// <param name="batches">In the order they came.</param>
    /// <param name="receivedAt">When the first of them came.</param>
    Task<MergeReply> Merge(byte[][] batches, DateTimeOffset receivedAt);

    /// <summary>Takes a closer look at what nobody can explain yet: see <c>AliasGrain.CloserLook</c>.</summary>
    Task LookCloser(string incident);

    /// <summary>Every gateway has acknowledged a generation.</summary>
    Task Converged(long generation, DateTimeOffset at);

    /// <summary>The gates of a rollout's candidate answered; <paramref name="failed"/> says why not.</summary>
    Task Gated(string rollout, string? failed);

    /// <summary>Candidate and current were asked for a real answer; <paramref name="failed"/> says who gave none.</summary>
    Task Warmed(string rollout, string? failed);

    /// <summary>What the releases that are kept warm showed when they were asked last.</summary>
    /// <param name="seen">A list of <see cref="KeptState"/> as JSON.</param>
    Task KeptSeen(string seen);

    /// <summary>The same, or null before anybody asked.</summary>
    [AlwaysInterleave]
    Task<string?> KeptState();

    /// <summary>The last judgement as JSON, with bounds by what is known now; null when nothing is under judgement.</summary>
    [AlwaysInterleave]
    Task<string?> Judgement();

    /// <summary>What copies to the candidate of the present rollout showed so far, as JSON, or null when there were none.</summary>
    [AlwaysInterleave]
    Task<string?> ShadowJudgement();

    /// <summary>The release to return to was asked.</summary>
    /// <param name="standby">A <see cref="Standby"/> as JSON.</param>
    Task StandbySeen(string standby);

    /// <summary>What the release to return to showed last, as JSON; null when there is none, or it was not asked yet.</summary>
    [AlwaysInterleave]
    Task<string?> StandbyState();

    /// <summary>What the baseline showed against itself, as JSON.</summary>
    [AlwaysInterleave]
    Task<string> SelfComparison();

    /// <summary>What a rule would have touched of all that is remembered, as a <see cref="Core.Incidents.RuleBacktest"/> in JSON.</summary>
    /// <param name="rule">Which part of the contract it is.</param>
    /// <param name="inputs">The rule, as the member <c>inputs</c> of a traffic policy.</param>
    Task<string> Backtest(string rule, string inputs);

    /// <summary>How what requests bring with them has drifted, as a <see cref="Api.DriftView"/> in JSON.</summary>
    Task<string> Drift();
}

/// <summary>What became of a request to an alias.</summary>
[GenerateSerializer]
public enum AliasOutcome
{
    /// <summary>It is done and durable.</summary>
    Done,

    /// <summary>Someone moved first; the reply holds the actual generation.</summary>
    Stale,

    /// <summary>It is not in the state that the sender has seen.</summary>
    Moved,

    /// <summary>It may not be done; the text says why and what to do.</summary>
    Refused,

    /// <summary>There is nothing of this name.</summary>
    Missing,
}

/// <summary>The answer to a request.</summary>
[GenerateSerializer]
public sealed record AliasReply([property: Id(0)] AliasOutcome Outcome, [property: Id(1)] long Generation, [property: Id(2)] string Text);

/// <summary>What became of batches.</summary>
/// <param name="Owner">Names this life of the owner: another one knows only what was stored.</param>
/// <param name="Merged">The number of this merge.</param>
/// <param name="Stored">Everything up to this merge is durable.</param>
[GenerateSerializer]
public sealed record MergeReply([property: Id(0)] string Owner, [property: Id(1)] long Merged, [property: Id(2)] long Stored);
