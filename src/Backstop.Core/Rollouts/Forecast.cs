using System.Collections.Immutable;
using System.Globalization;
using Backstop.Core.Evidence;

namespace Backstop.Core.Rollouts;

/// <summary>What a plan would do, played with the machine itself: nothing is described that it would not decide.</summary>
public static class Forecast
{
    // Far beyond any sensible plan; a plan that is not over by then is shown up to there.
    private const int MostTicks = 100_000;

    private static readonly TimeSpan Tick = RolloutMachine.LongestGap / 2;

    /// <summary>Every gate passes, everything is warm, every verdict is healthy and every gateway follows.</summary>
    public static ImmutableArray<ForecastStep> AtBest(RolloutState state, DateTimeOffset at) => Play(state, at, Verdict.Healthy);

    /// <summary>Servers and gateways do what they should, and no evidence arrives: what time alone does.</summary>
    public static ImmutableArray<ForecastStep> InSilence(RolloutState state, DateTimeOffset at) => Play(state, at, Verdict.NoData);

    private static string? Copies(Rollout rollout) => rollout is { Status: RolloutStatus.Shadowing, Plan.Shadow: { } shadow }
        ? string.Create(CultureInfo.InvariantCulture, $"{shadow.BasisPoints / 100.0:0.##} % of the requests are copied to it, and no user sees an answer")
        : null;

    private static ImmutableArray<ForecastStep> Play(RolloutState state, DateTimeOffset at, Verdict verdict)
    {
        var steps = ImmutableArray.CreateBuilder<ForecastStep>();
        var queue = new Queue<RolloutEvent>();
        Take(new(state, [new Effect.Push(), .. RolloutMachine.Unanswered(state.Rollout)]));
        for (var tick = 0; tick < MostTicks && !state.Rollout.IsTerminal; tick++)
        {
            Play(new RolloutEvent.Ticked(at));
            Play(new RolloutEvent.Judged(at, verdict, long.MaxValue, OneArmAlarm: false, "no evidence arrived"));
            at += Tick;
        }

        return steps.ToImmutable();

        void Play(RolloutEvent e)
        {
            for (RolloutEvent? next = e; next is not null; next = queue.TryDequeue(out var answer) ? answer : null)
            {
                Take(RolloutMachine.Step(state, next));
            }
        }

        void Take(Decision decision)
        {
            state = decision.Next;
            var (rollout, alias) = (state.Rollout, state.Alias);
            var step = new ForecastStep(
                at,
                rollout.Status,
                rollout.Promoted && alias.Current == rollout.Candidate ? Routing.Route.Whole - alias.HoldbackBasisPoints : alias.CandidateBasisPoints,
                rollout.Waits ?? Copies(rollout) ?? (rollout.Status is RolloutStatus.Held or RolloutStatus.Rejected ? rollout.Reason : rollout.Abort));
            if (steps.Count == 0 || steps[^1] with { At = at } != step)
            {
                steps.Add(step);
            }

            foreach (var effect in decision.Effects)
            {
                RolloutEvent? answer = effect switch
                {
                    Effect.RunGates => new RolloutEvent.Gated(at, Failed: null),
                    Effect.ProbeWarmth => new RolloutEvent.Warmed(at, Failed: null),
                    Effect.Push => new RolloutEvent.Converged(at, alias.Generation),
                    _ => null,
                };
                if (answer is not null)
                {
                    queue.Enqueue(answer);
                }
            }

            if (rollout.Status == RolloutStatus.Verifying)
            {
                queue.Enqueue(new RolloutEvent.Observed(at + Tick, OnBadRelease: 0, rollout.Plan.VerifyWindow + Tick));
            }
        }
    }
}

/// <summary>Something that would happen.</summary>
/// <param name="At">When.</param>
/// <param name="BasisPoints">The candidate's share from then on, 0 to 10,000.</param>
/// <param name="Text">What it waits for, or why it was held or taken back; null when there is nothing to say.</param>
public sealed record ForecastStep(DateTimeOffset At, RolloutStatus Status, int BasisPoints, string? Text);
