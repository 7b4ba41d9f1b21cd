using System.Collections.Immutable;
using Backstop.Control.Api;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Inputs;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>What requests bring with them: watched, reported, and contained where it does harm.</summary>
internal sealed partial class AliasGrain
{
    // A change is reported again when so much more of it was seen: the first look knows least.
    private const double MoreToTell = 1.25;

    // More tell no more, and each is read whole.
    private const int MostElsewhere = 20;

    private InputWatch _inputs = null!;
    private string? _recovered;
    private TimeSpan _lookedAt = -KeepInterval;
    private (DateTimeOffset Onset, double Known) _told;
    private (string Incident, Containment Containment, DateTimeOffset Onset, DateTimeOffset? Converged)? _contained;

    public async Task<AliasReply> Contain(string incident, string cause, string actor)
    {
        var now = clock.GetUtcNow();
        if (ContainmentPlan.Of(Enum.Parse<Cause>(cause), _alias.Traffic.Inputs, _inputs, now, actor, _alias.Generation + 1) is not var (contract, containment))
        {
            return Refused($"There is no rule that contains {SignatureTable.Snake(Enum.Parse<Cause>(cause))} here, or too little is known of what was usual. Do what 'backstop incident show {incident}' says first.");
        }

        var reply = await Change(new AliasChange.Shape(_alias.Traffic.With(contract)), _alias.Generation, "fault_contained", $"{incident}: {containment.Words}", actor);
        if (reply.Outcome == AliasOutcome.Done)
        {
            _contained = (incident, containment, _inputs.Onset!.Value, null);
            _incident.Change(incident, i => i.Contain(containment));
            await _incident.Finish();
            Contained(log, incident, Name, containment.Words);
        }

        return reply;
    }

    public async Task<AliasReply> Precaution(string incident, string actor)
    {
        var reply = _alias.Pin is { } pin
            ? Refused($"{Name} is pinned by {pin.By}: {pin.Reason}. Lift the pin first with 'backstop alias unpin'.")
            : await Rollback($"{incident}: precautionary. People are harmed, and whether rolling back helps is not known", actor);
        if (reply.Outcome == AliasOutcome.Done)
        {
            var at = clock.GetUtcNow();
            _incident.Change(incident, i => i.TakePrecaution(actor, at));
            await _incident.Finish();
        }

        return reply;
    }

    public async Task AcceptInputs()
    {
        _inputs.Accept();
        await evidenceStore.Save(_evidence, _inputs, clock.GetUtcNow()); // What a person decided must not be forgotten with the process.
    }

    public Task Probed(int[] asked, int[] failed)
    {
        var bucket = InputCount.BucketOf(clock.GetUtcNow());
        foreach (var (side, place) in (ReadOnlySpan<(string, int)>)[(ProbeSide.Current, 0), (ProbeSide.Previous, 1)])
        {
            if (asked[place] > 0)
            {
                _inputs.Add(bucket, new(InputSignal.Probe, side, asked[place], failed[place]));
            }
        }

        return Task.CompletedTask;
    }

    // The last owner may have put a rule in force and died before it was seen to help.
    private async Task TakeUpContainment()
    {
        if ((await incidents.All(Name)).Find(i => i is { IsOver: false, Containments: [.., { Helped: null }] }) is { } incident)
        {
            _contained = (incident.Id, incident.Containments[^1], incident.Inputs?.Onset ?? incident.OpenedAt, incident.Timeline.Converged);
        }
    }

    public Task<string> Backtest(string rule, string inputs) => Task.FromResult(StoreJson.Write(
        ContainmentPlan.Backtest(TrafficPolicy.Parse($$"""{ "inputs": {{inputs}} }""").Inputs, rule, _inputs, clock.GetUtcNow())));

    public Task<string> Drift() => Task.FromResult(StoreJson.Write(DriftView.Of(_inputs.Drift)));

    private async Task LookAtInputs(DateTimeOffset now)
    {
        if (Now - _lookedAt < TimeSpan.FromSeconds(1))
        {
            return;
        }

        _lookedAt = Now;
        await JudgeContainment(now);
        await JudgeRollback(now);
        foreach (var first in _inputs.TakeFirsts())
        {
            // An edit of the prompt is counted as a signal; as a change beside it, one fact would speak twice.
            _incident.Infer(first.Signal == InputSignal.RetrievalIndex
                ? new($"first-{Name}-index-{first.What}", now, ["index_build"], $"documents of the index {first.What} came for the first time", Name)
                : new($"first-{Name}-prompt-{PromptFingerprint.Bare(first.What)}", now, [], WordsOf(first.What), Name));
        }

        var moved = _inputs.Look(now);
        TellOfDrift(_inputs.LookAtDrift(now));
        if (moved is not { IsPresent: true } change || _contained is not null || _alias.Traffic.Inputs.Keeps(change))
        {
            return;
        }

        var judgement = Recent(_judgement, change.Onset);
        var known = change.Signals.Select(s => s.After!.N).DefaultIfEmpty(0).Max() + (judgement?.Units ?? 0);
        if (_told.Onset == change.Onset && known < MoreToTell * _told.Known)
        {
            return;
        }

        _told = (change.Onset, known);
        _incident.Observe(AlarmOf(change, change.Words, judgement), ByItself());
    }

    // What changed within seconds is told of already, and drifts as well. A drift by itself contains nothing: it is not urgent.
    private void TellOfDrift(ImmutableArray<DriftStream> drifted)
    {
        if (_inputs.Onset is not null || _contained is not null || drifted.All(s => s.Known.IsTold))
        {
            return;
        }

        var change = InputChange.Of(drifted);
        _incident.Observe(AlarmOf(change, $"drift: {change.Words}", Recent(_judgement, change.Onset)), _ => Task.CompletedTask);
        foreach (var stream in drifted)
        {
            stream.Told();
        }
    }

    private Alarm AlarmOf(InputChange change, string reason, Judgement? judgement)
    {
        var isRollouts = _rollout is { } rollout && (!rollout.Rollout.IsTerminal || rollout.Rollout.Candidate == _alias.Current);
        return new()
        {
            Alias = Name,
            Release = isRollouts ? _rollout!.Rollout.Candidate : _alias.Current,
            Baseline = isRollouts ? _rollout!.Rollout.Baseline : _alias.Previous ?? _alias.Current,
            Blamed = false,
            Reason = reason,
            Judgement = judgement,
            Inputs = change,
            History = _evidence.RatesFor(new(Name, _alias.Epoch, _alias.Generation)),
        };
    }

    private static string WordsOf(string prompt) =>
        PromptFingerprint.OwnOf(prompt) is { } own ? $"callers began to send the prompt {own} themselves"
        : PromptFingerprint.CopyOf(prompt) is { } copied ? $"a system message that nobody sent before ({PromptFingerprint.Bare(prompt)}), a changed copy of the prompt {copied}"
        : $"a system message that nobody sent before ({prompt})";

    // What nobody can explain is looked at more closely; and where the alias's owner allows it, a fault that is known to be none of
    // the release's is contained at once.
    private Func<Incident, Task> ByItself()
    {
        var (self, allowed) = (this.AsReference<IAliasGrain>(), _alias.Traffic.Inputs.ContainsByItself);
        return incident =>
        {
            Func<Task>? act = incident switch
            {
                { Diagnosis: { Cause: { } cause, Rollback: not RollbackAdvice.Helps } } when allowed && ContainmentPlan.Exists(cause) => () => self.Contain(incident.Id, cause.ToString(), Actor),
                { CallsForPrecaution: true, RolloutId: not null, Precaution: null } when allowed => () => self.Precaution(incident.Id, Actor),
                { IsOpenQuestion: true } => () => self.LookCloser(incident.Id),
                _ => null,
            };

            // Not awaited: it ends only when what was reported before is durable, and that is this.
            _ = act is null ? Task.CompletedTask : Task.Run(act);
            return Task.CompletedTask;
        };
    }

    /// <summary>What both arms did since an onset, where there are two to compare.</summary>
    private Judgement? Recent(Judgement? judgement, DateTimeOffset onset) =>
        _rollout?.Contrast() is { Stages.IsEmpty: false } contrast ? judgement?.Since(_evidence, contrast, onset) : null;

    private async Task JudgeContainment(DateTimeOffset now)
    {
        if (_contained is not { } contained)
        {
            return;
        }

        if (contained.Converged is not { } converged)
        {
            if (fleet.HasConverged(Name, _alias.Epoch, _alias.Generation))
            {
                _contained = contained with { Converged = now };
                _incident.Change(contained.Incident, i => i.Stamp(new(Converged: now)));
            }

            return;
        }

        var (before, during, after) = (
            Relief.Between(_evidence, contained.Onset - TimeSpan.FromDays(1), contained.Onset),
            Relief.Between(_evidence, contained.Onset, contained.Containment.At),
            Relief.Between(_evidence, converged, now));
        var (helped, because) = Relief.Judge(before, during, after);
        if (helped == true)
        {
            (helped, because) = Relief.Judge(before, during, after, await Elsewhere(contained.Onset, contained.Containment.At, converged, now));
        }

        if (helped is { } known)
        {
            _contained = null;
            _incident.Change(contained.Incident, i => i.Verify(known, because, now));
            await _incident.Finish();
            ContainmentJudged(log, contained.Incident, Name, known ? "helped" : "did not help", because);
        }
    }

    // What other aliases did that nothing happened to, at the same times.
    private async Task<(Count During, Count After)> Elsewhere(DateTimeOffset onset, DateTimeOffset until, DateTimeOffset since, DateTimeOffset now)
    {
        var troubled = (await incidents.Since(onset - TimeSpan.FromHours(1))).Select(i => i.Alias).Append(Name).ToHashSet(StringComparer.Ordinal);
        var others = (await evidenceStore.Latest(MostElsewhere)).Where(e => !troubled.Contains(e.Alias)).ToList();
        return (Sum(onset, until), Sum(since, now));

        Count Sum(DateTimeOffset from, DateTimeOffset to) => others.Select(o => Relief.Between(o, from, to)).Aggregate(new Count(0, 0), (sum, one) => new(sum.N + one.N, sum.Hits + one.Hits));
    }

    /// <summary>Whether failures went back to the trusted release's once a rollout was taken back, and told so once.</summary>
    private async Task JudgeRollback(DateTimeOffset now)
    {
        if (_rollout is not { Rollout.Status: RolloutStatus.RolledBack, Timeline.Converged: { } converged } || _incident.IncidentId is not { } id || _recovered == id
            || Relief.Between(_evidence, converged, now) is not { N: >= Relief.LeastAfter } after
            || await incidents.Find(id) is not { Timeline.Verified: not null } incident)
        {
            return;
        }

        if (incident is not { Recovery: null, Evidence: { Control.Units: >= Relief.LeastBefore } evidence, Diagnosis.Rollback: RollbackAdvice.Helps })
        {
            _recovered = id; // Nothing to hold it against, or known already.
            return;
        }

        var (helped, because) = Relief.Judge(FailuresOf(evidence.Control), FailuresOf(evidence.Tested), after);
        if (helped is { } known)
        {
            _recovered = id;
            _incident.Change(id, i => i.Recover(known, because, now));
            await _incident.Finish();
            ContainmentJudged(log, id, Name, known ? "helped" : "did not help", because);
        }

        static Count FailuresOf(ArmEvidence arm) => new(arm.Units, Math.Round(arm.FailureRate * arm.Units));
    }

    [LoggerMessage(3109, LogLevel.Warning, "{Incident} of {Alias} is contained: {Words}.")]
    private static partial void Contained(ILogger logger, string incident, string alias, string words);

    [LoggerMessage(3107, LogLevel.Warning, "What was done about {Incident} of {Alias} {Helped}: {Because}.")]
    private static partial void ContainmentJudged(ILogger logger, string incident, string alias, string helped, string because);
}
