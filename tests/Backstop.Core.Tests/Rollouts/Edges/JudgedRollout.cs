using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;

namespace Backstop.Core.Tests.Rollouts.Edges;

/// <summary>A rollout with the evidence it is judged on: what an arm answers goes in, and what the machine makes of it comes out.</summary>
internal sealed class JudgedRollout
{
    public const string Alias = "assistant:prod";

    // One for all looks: another would have its tables built anew for each.
    private static readonly EvidencePlan Plan = new();

    private readonly AliasEvidence _evidence = new(Alias);
    private readonly Random _random;
    private readonly List<Route> _stages = [];
    private long _bucket = EpochCounts.BucketOf(DateTimeOffset.UnixEpoch.AddDays(20_000));
    private long _sequence;

    private JudgedRollout(int seed, RolloutPlan plan)
    {
        _random = new(seed);
        Alias0 = new() { Name = Alias, Current = "v7", Salt = "s" };
        State = RolloutMachine.Submit(Alias0, "r1", "v8", plan, Now).Next;
    }

    public AliasRecord Alias0 { get; }

    public RolloutState State { get; private set; }

    public Judgement? Judgement { get; private set; }

    public List<Effect> Effects { get; } = [];

    /// <summary>What the old release was found to bear, in basis points.</summary>
    public int Bears { get; init; } = Route.Whole;

    public DateTimeOffset Now => EpochCounts.StartOf(_bucket);

    public RolloutStatus Status => State.Rollout.Status;

    /// <summary>A rollout whose old release has made its history: 4,000 requests, by default as good as it should be.</summary>
    public static JudgedRollout Start(int seed, RolloutPlan plan, Answers? history = null, Answers? lately = null, int bears = Route.Whole)
    {
        var rollout = new JudgedRollout(seed, plan) { Bears = bears };
        for (var i = 0; i < 1000; i++)
        {
            rollout.Bucket(1, 0, history ?? Answers.Good, history ?? Answers.Good);
        }

        for (var i = 0; lately is not null && i < 200; i++)
        {
            rollout.Bucket(1, 0, lately, lately);
        }

        rollout.Tell(new RolloutEvent.Gated(rollout.Now, Failed: null));
        rollout.Tell(new RolloutEvent.Warmed(rollout.Now, Failed: null));
        return rollout;
    }

    /// <summary>Two steps of fifteen seconds.</summary>
    public static RolloutPlan Canary { get; } = new()
    {
        Steps = [new(1000, TimeSpan.FromSeconds(15), 200), new(5000, TimeSpan.FromSeconds(15), 200)], Bake = TimeSpan.FromHours(3), HoldbackBasisPoints = 500,
    };

    /// <summary>Traffic for a while, four requests a bucket; ends early when <paramref name="until"/> is so.</summary>
    /// <param name="share">What the gateways really draw, when that is not what they were told.</param>
    public JudgedRollout Run(int buckets, Answers tested, Answers control, Func<JudgedRollout, bool>? until = null, double? share = null, int requests = 4)
    {
        for (var i = 0; i < buckets && until?.Invoke(this) != true; i++)
        {
            var route = State.Alias.ToRoute();
            var promoted = route.Current == "v8";
            var drawn = share ?? (promoted ? 1 - (route.HoldbackBasisPoints / (double)Route.Whole) : route.CandidateBasisPoints / (double)Route.Whole);
            Bucket(route.Generation, drawn, tested, control, promoted, requests);
            Judge();
        }

        return this;
    }

    /// <summary>Users instead of single requests: four a bucket come and ask several times, and all that one ever asks ends the same way.</summary>
    /// <param name="users">How many there are; they come back.</param>
    /// <param name="requests">How often one asks at a time.</param>
    public JudgedRollout RunUsers(int buckets, int users, int requests, Answers tested, Answers control)
    {
        var (window, outcomes) = (new UnitWindow(TimeSpan.FromMinutes(10), most: 100_000), new Dictionary<int, Outcome>());
        for (var i = 0; i < buckets; i++)
        {
            var route = State.Alias.ToRoute();
            var counted = new List<(bool OnTested, Outcome Outcome)>();
            for (var ask = 0; ask < 4; ask++)
            {
                var user = _random.Next(users);
                var onTested = StableHash.Of("s", $"u{user}") % Route.Whole < (ulong)route.CandidateBasisPoints;
                var outcome = outcomes.TryGetValue(user, out var known) ? known : outcomes[user] = (onTested ? tested : control).Draw(_random);
                counted.AddRange(Enumerable.Repeat((onTested, outcome), requests)
                    .Where(_ => window.Counts(StableHash.Of($"{route.Generation}", $"u{user}"), Now)));
            }

            Bucket(route.Generation, counted);
            Judge();
        }

        return this;
    }

    /// <summary>Time in which nothing is reported.</summary>
    public JudgedRollout Silence(TimeSpan time)
    {
        for (var end = Now + time; Now < end;)
        {
            _bucket++;
            Judge();
        }

        return this;
    }

    public void Judge()
    {
        var stages = _stages.Where(r => r.Candidate == "v8" || r.Current == "v8").ToList();
        if (stages.Count == 0 || State.Rollout.Status is RolloutStatus.RollingBack or RolloutStatus.Verifying or RolloutStatus.RolledBack)
        {
            return;
        }

        var contrast = State.Rollout.Promoted ? Contrast.OfPromoted(stages.Where(r => r.Current == "v8")) : Contrast.OfCandidate(stages.Where(r => r.Candidate == "v8"));
        Judgement = Core.Evidence.Judge.Evaluate(_evidence, contrast, Plan, Now);
        Tell(new RolloutEvent.Warmed(Now, Failed: null));
        Tell(new RolloutEvent.Judged(Now, Judgement.Verdict, Judgement.Units, Judgement.OneArmAlarm, Judgement.Reason, Bears: Bears));
        Tell(new RolloutEvent.Ticked(Now));
    }

    public Decision Tell(RolloutEvent e)
    {
        var decision = RolloutMachine.Step(State, e);
        if (decision.Next.Alias.Generation != State.Alias.Generation)
        {
            var route = decision.Next.Alias.ToRoute();
            _stages.Add(route);
            _evidence.Begin(new(Alias, route.Epoch, route.Generation));
        }

        State = decision.Next;
        Effects.AddRange(decision.Effects);
        if (State.Rollout.Status == RolloutStatus.Promoting)
        {
            Tell(new RolloutEvent.Converged(Now, State.Alias.Generation));
        }

        return decision;
    }

    private void Bucket(long generation, double share, Answers tested, Answers control, bool promoted = false, int requests = 4)
    {
        var drawn = new List<(bool OnTested, Outcome Outcome)>();
        for (var i = 0; i < requests; i++)
        {
            var onTested = _random.NextDouble() < share;
            drawn.Add((onTested, (onTested ? tested : control).Draw(_random)));
        }

        Bucket(generation, drawn, promoted);
    }

    private void Bucket(long generation, List<(bool OnTested, Outcome Outcome)> drawn, bool promoted = false)
    {
        var form = ImmutableArray.CreateBuilder<CountCell>();
        var quality = ImmutableArray.CreateBuilder<CountCell>();
        foreach (var (onTested, outcome) in drawn)
        {
            var arm = onTested == promoted ? Arm.Baseline : promoted ? Arm.Holdback : Arm.Candidate;
            form.Add(Cell(arm, outcome is Outcome.Correct or Outcome.Wrong ? Outcome.Unlabelled : outcome));
            if (outcome != Outcome.Unlabelled)
            {
                quality.Add(Cell(arm, outcome));
            }
        }

        var key = new EvidenceKey(Alias, 1, generation);
        _evidence.Merge(new("gateway-1", "start", _sequence++,
        [
            new(key, _bucket, EvidenceGroup.Form, form.ToImmutable()), new(key, _bucket, EvidenceGroup.Quality, quality.ToImmutable()),
        ]));
        _bucket++;
    }

    private static CountCell Cell(Arm arm, Outcome outcome)
    {
        var outcomes = new long[Enum.GetValues<Outcome>().Length];
        outcomes[(int)outcome]++;
        return new(arm, Stratum: 0, [.. outcomes], []);
    }
}

/// <summary>How a release answers: the probability of each outcome that is not correct.</summary>
internal sealed record Answers(double Wrong = 0.05, double Toxic = 0.002, double Schema = 0.002, double Pii = 0, double Unlabelled = 0)
{
    public static Answers Good { get; } = new();

    public static Answers Bad { get; } = new(Wrong: 0.2, Toxic: 0.1, Schema: 0.1);

    public Outcome Draw(Random random)
    {
        var u = random.NextDouble();
        return (u -= Toxic) < 0 ? Outcome.ToxicBlocked
            : (u -= Schema) < 0 ? Outcome.SchemaBlocked
            : (u -= Pii) < 0 ? Outcome.PiiBlocked
            : (u -= Unlabelled) < 0 ? Outcome.Unlabelled
            : u < Wrong ? Outcome.Wrong : Outcome.Correct;
    }
}
