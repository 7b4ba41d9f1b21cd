using System.Collections.Immutable;
using Backstop.Control.Registry;
using Backstop.Core.Rollouts;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>Event, decision, commit, effects.</summary>
internal sealed partial class AliasGrain
{
    private const string Actor = "backstop";

    /// <summary>One event, decided on what the store holds. Returns why it was refused, or null.</summary>
    private async Task<string?> Handle(RolloutEvent e, string actor)
    {
        for (var attempt = 0; attempt < MostAttempts && _rollout is { } before; attempt++)
        {
            var state = new RolloutState(before.Rollout, _alias);
            var decision = RolloutMachine.Step(state, e);
            if (!decision.IsNews(state))
            {
                // Only time went by. It is written down now and then, and a crash forgets the rest: a bake gets longer, never shorter.
                _rollout = before with { Rollout = decision.Next.Rollout };
                return decision.Refused;
            }

            var after = Follow(before, decision, e);
            var draft = new JournalDraft($"rollout_{StatusOf(after.Rollout)}", actor, ReasonOf(e, after.Rollout));
            if (!await Commit(decision.Next.Alias, after, draft))
            {
                continue;
            }

            var swapped = _alias.Generation != decision.Next.Alias.Generation;
            _alias = decision.Next.Alias;
            _rollout = swapped && after.Rollout.Status == RolloutStatus.RollingBack
                ? after with { Timeline = after.Timeline with { Swapped = clock.GetUtcNow() } }
                : after;
            _keptAt = Now;
            Moved(log, Name, after.Rollout.Id, after.Rollout.Status, _alias.Generation, draft.Reason);
            await Run(decision.Effects);
            return decision.Refused;
        }

        return _rollout is null ? "there is no rollout" : "others keep changing it: ask again";
    }

    private StoredRollout Follow(StoredRollout before, Decision decision, RolloutEvent e)
    {
        var rollout = decision.Next.Rollout;
        var swapped = decision.Next.Alias.Generation != _alias.Generation;
        var timeline = before.Timeline with { Onset = before.Timeline.Onset ?? _started?.First };
        if (rollout.Status != before.Rollout.Status)
        {
            timeline = rollout.Status switch
            {
                RolloutStatus.RollingBack => timeline with
                {
                    Detected = e is RolloutEvent.Judged ? _newEvidenceAt ?? e.At : null,
                    Decided = clock.GetUtcNow(),
                },

                // A crash between the commit and this entry loses the moment after it: the decision's is the nearest known.
                RolloutStatus.Verifying => timeline with { Converged = e.At, Swapped = timeline.Swapped ?? timeline.Decided },
                RolloutStatus.RolledBack => timeline with { Verified = e.At },
                _ => timeline,
            };
        }

        return before with
        {
            Revision = before.Revision + 1,
            Rollout = rollout,
            Timeline = timeline,
            PromotedAt = before.PromotedAt ?? (rollout.Promoted ? clock.GetUtcNow() : null),
            IncidentId = _incident.IncidentId ?? before.IncidentId,
            Successor = rollout.SupersededBy is not null ? _successor ?? before.Successor : null,
            Stages = swapped ? before.Stages.Add(decision.Next.Alias.ToRoute()) : before.Stages,
        };
    }

    private async Task Run(ImmutableArray<Effect> todo)
    {
        foreach (var effect in todo)
        {
            switch (effect)
            {
                case Effect.Push:
                    _evidence.Begin(new(Name, _alias.Epoch, _alias.Generation), _rollout?.Evidence.LatencyMargin);
                    await Push();
                    break;
                case Effect.Page page:
                    Paged(log, Name, _rollout!.Rollout.Id, page.Reason);
                    break;
                case Effect.OpenIncident open:
                    // Where it is known when it began, what both arms did before it would only water it down.
                    var judgement = !open.Blamed && _inputs.Onset is { } onset ? Recent(_judgement, onset) ?? _judgement : _judgement;
                    _incident.Open(_rollout!, judgement, _evidence.RatesFor(new(Name, _alias.Epoch, _alias.Generation)), open, ByItself());
                    break;
                case Effect.StartSuccessor:
                    await AndIfItFails(StartSuccessor);
                    break;
                default:
                    Start(effect);
                    break;
            }
        }

        _incident.Stamp(_rollout!.Timeline);
    }

    private Task Push() => AndIfItFails(() => publisher.Publish(_alias));

    private static string Exceptions(RolloutPlan plan) =>
        (plan.NoWayBack is { } why ? $", without a way back: {why}" : "") + (plan.BreakGlass is { } glass ? $", without gates and freezes: {glass}" : "");

    private static string ReasonOf(RolloutEvent e, Rollout rollout) => e switch
    {
        RolloutEvent.Judged judged => judged.Reason,
        RolloutEvent.AbortRequested abort => abort.Reason,
        RolloutEvent.PauseRequested pause => pause.Reason,
        RolloutEvent.ResumeRequested => "resumed",
        RolloutEvent.Approved approved => $"approved up to step {approved.Step + 1} of {rollout.Plan.Steps.Length}, then the promotion",
        RolloutEvent.PlanChanged changed => $"plan sha256:{rollout.PlanDigest}{(changed.Approval is { } by ? $", approved: {by}" : ", tightened")}{Exceptions(rollout.Plan)}",
        RolloutEvent.SupersedeRequested supersede => $"superseded by {supersede.By}",
        RolloutEvent.Converged => "every gateway acknowledged it",
        RolloutEvent.Observed seen => $"{seen.OnBadRelease} requests were started on the candidate within {seen.Window.TotalMilliseconds:0} ms",
        RolloutEvent.Gated { Failed: null } => "every gate passed",
        RolloutEvent.Warmed { Failed: null } => "every replica answered",
        _ => rollout.Reason ?? rollout.Waits ?? e.GetType().Name,
    };

    [LoggerMessage(3102, LogLevel.Information, "Rollout {Rollout} of {Alias} is {Status} at generation {Generation}: {Reason}")]
    private static partial void Moved(ILogger logger, string alias, string rollout, RolloutStatus status, long generation, string reason);

    [LoggerMessage(3103, LogLevel.Error, "Rollout {Rollout} of {Alias} needs a person: {Reason}")]
    private static partial void Paged(ILogger logger, string alias, string rollout, string reason);
}
