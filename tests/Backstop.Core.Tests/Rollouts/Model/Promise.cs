using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Rollouts.Model;

/// <summary>One thing that was done: the state before it, the event (null when a person changed the alias itself), and what came of it.</summary>
internal sealed record Moment(RolloutState Before, RolloutEvent? Event, Decision Decision)
{
    public RolloutState After => Decision.Next;

    public bool Rises => Exposure(After) > Exposure(Before);

    public bool Falls => Exposure(After) < Exposure(Before);

    /// <summary>Share of the users that the tested release answers, in basis points.</summary>
    public static int Exposure(RolloutState state) => state.Alias.Current == Histories.Tested
        ? Route.Whole - state.Alias.HoldbackBasisPoints
        : state.Alias.CandidateBasisPoints;
}

/// <summary>An invariant of the machine, checked from what an onlooker sees: it keeps its own books and shares no code with the machine.</summary>
internal sealed record Promise(string Name, Func<RolloutState, Func<Moment, bool>> Begin)
{
    /// <summary>All of them, by the numbers of the list in docs/rollouts.md.</summary>
    public static readonly Promise[] All =
    [
        Always("1 generations rise by one with every change of the row", m =>
            m.After.Alias.Generation == m.Before.Alias.Generation + (m.After.Alias == m.Before.Alias ? 0 : 1)),
        Always("3 an abort is written once and nothing rises after it", m =>
            m.Before.Rollout.Abort is null || (m.After.Rollout.Abort == m.Before.Rollout.Abort && !m.Rises)),
        Always("4 nothing holds up a person's abort", m =>
            m.Event is not RolloutEvent.AbortRequested || Moment.Exposure(m.Before) == 0 || m.Before.Rollout.Status == RolloutStatus.Completed
            || Moment.Exposure(m.After) == 0 || (m.Before.Rollout.Promoted && m.Before.Alias.Previous is null)),
        Always("5 exposure rises one step at a time, on health or on warm servers only", m =>
            !m.Rises || (IsReason(m) && Moment.Exposure(m.After) <= Next(m.Before))),
        new("6 the way back leads to a verified release", WayBack),
        Always("7 what lowers exposure asks nobody", m => !m.Falls || m.Decision.Effects.All(e => e is not (Effect.RunGates or Effect.ProbeWarmth))),
        new("9 rolled back means acknowledged and observed", Observed),
        new("10 nothing is promoted on cold or small servers", Warm),
        new("11 one automatic rollback per cool-down, and none of a rollback", CoolDown),
        Always("12 nothing automatic goes past a pin", m =>
            m.Before.Alias.Pin is null || m.Event is null or RolloutEvent.AbortRequested || (!m.Rises && m.After.Alias.Current == m.Before.Alias.Current)),
        Always("14 a plan is loosened by an approval only", m => m.Event is not RolloutEvent.PlanChanged { Approval: null } changed
            || m.After.Rollout.Plan.Steps.Zip(m.Before.Rollout.Plan.Steps).All(s => s.First.BasisPoints <= s.Second.BasisPoints)),
        Always("15 the assignment is one and the same for the whole rollout", m => !m.Rises || m.After.Alias.Salt == m.Before.Rollout.Id),
        new("18 no clock shortens a dwell or a bake", Time),
    ];

    private static Promise Always(string name, Func<Moment, bool> holds) => new(name, _ => holds);

    private static bool IsReason(Moment m) => m.Before.Rollout.Status == RolloutStatus.Warming
        ? m.Event is RolloutEvent.Warmed { Failed: null } or RolloutEvent.Ticked
        : m.Event is RolloutEvent.Judged { Verdict: Verdict.Healthy } judged
            && (judged.Coverage >= m.Before.Rollout.Plan.Coverage || m.Before.Rollout.Promoted);

    private static int Next(RolloutState state)
    {
        var steps = state.Rollout.Plan.Steps;
        var left = steps.Where(s => s.BasisPoints > state.Alias.CandidateBasisPoints).Select(s => s.BasisPoints).ToArray();
        return left.Length > 0 && state.Alias.Current != Histories.Tested ? left[0] : Route.Whole;
    }

    private static Func<Moment, bool> WayBack(RolloutState first)
    {
        var verified = new HashSet<string> { first.Alias.LastVerified ?? first.Alias.Current };
        return m =>
        {
            // A person answers for what is current.
            if (m.Event is null && m.Before.Alias.LastVerified is not null && m.After.Alias.LastVerified is null)
            {
                verified.Add(m.After.Alias.Current);
            }

            var promoted = m.After.Alias.Current == Histories.Tested && m.Before.Alias.Current != Histories.Tested;
            return !promoted || (m.After.Alias.Previous is { } way && !m.Before.Alias.Quarantined.Contains(way)
                && (verified.Contains(way) || way == m.Before.Rollout.Plan.Fallback));
        };
    }

    private static Func<Moment, bool> Observed(RolloutState first)
    {
        var acknowledged = false;
        return m =>
        {
            if (m.Falls)
            {
                acknowledged = false;
            }

            acknowledged |= m.Event is RolloutEvent.Converged c && c.Generation >= m.Before.Rollout.Generation && Moment.Exposure(m.Before) == 0;
            return m.After.Rollout.Status != RolloutStatus.RolledBack || m.Before.Rollout.Status == RolloutStatus.RolledBack
                || (acknowledged && Moment.Exposure(m.After) == 0
                    && m.Event is RolloutEvent.Observed { OnBadRelease: 0 } seen && seen.Window >= m.Before.Rollout.Plan.VerifyWindow);
        };
    }

    private static Func<Moment, bool> Warm(RolloutState first)
    {
        DateTimeOffset? warm = null;
        return m =>
        {
            warm = m.Event is RolloutEvent.Warmed w ? w.Failed is null ? w.At : null : warm;
            return m.After.Alias.Current != Histories.Tested || m.Before.Alias.Current == Histories.Tested
                || (m.Event!.At - warm is { } age && age <= m.Before.Rollout.Plan.WarmFor);
        };
    }

    private static Func<Moment, bool> CoolDown(RolloutState first)
    {
        var last = first.Alias.RolledBackAt;
        return m =>
        {
            if (m.Before.Alias.Current == m.After.Alias.Current || m.Before.Alias.Current != Histories.Tested)
            {
                return true;
            }

            var early = m.Event is RolloutEvent.Judged judged && judged.At >= last && judged.At - last < m.Before.Rollout.Plan.CoolDown;
            return !early && m.After.Alias.Previous is null;
        };
    }

    private static Func<Moment, bool> Time(RolloutState first)
    {
        // Only gaps that somebody can have watched; of a bake only those that ended in health.
        var (since, watched, healthy) = (Histories.Zero, TimeSpan.Zero, TimeSpan.Zero);
        DateTimeOffset judgedAt = Histories.Zero;
        return m =>
        {
            if (m.Event is { } e)
            {
                watched += Short(e.At - since);
                since = e.At;
                if (e is RolloutEvent.Judged j)
                {
                    healthy += j.Verdict == Verdict.Healthy ? Short(j.At - judgedAt) : TimeSpan.Zero;
                    judgedAt = j.At;
                }

                judgedAt = e is RolloutEvent.TakenUp ? e.At : judgedAt; // The new owner watches from here on.
            }

            var (rollout, holds) = (m.Before.Rollout, true);
            if (m.Rises && rollout.Status == RolloutStatus.Canary)
            {
                holds = watched >= rollout.Plan.Steps[rollout.Step].Dwell;
            }
            else if (rollout.Status == RolloutStatus.Baking && m.After.Rollout.Status == RolloutStatus.Completed)
            {
                holds = healthy >= rollout.Plan.Bake;
            }

            if (m.After.Rollout.Status != rollout.Status || m.After.Rollout.Step != rollout.Step)
            {
                (watched, healthy) = (TimeSpan.Zero, TimeSpan.Zero);
                judgedAt = since;
            }

            return holds;
        };
    }

    private static TimeSpan Short(TimeSpan gap) => gap > TimeSpan.Zero && gap <= TimeSpan.FromSeconds(10) ? gap : TimeSpan.Zero;
}
