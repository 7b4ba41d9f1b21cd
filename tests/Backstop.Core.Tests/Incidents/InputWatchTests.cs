using System.Text.Json;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Inputs;

namespace Backstop.Core.Tests.Incidents;

/// <summary>What is usual is learnt from quiet times alone; what is not is found within seconds, and named.</summary>
public sealed class InputWatchTests
{
    private static readonly DateTimeOffset Start = InputCount.StartOf(350_000_000);

    private readonly InputWatch _watch = new();
    private readonly Random _luck = new(1);
    private int _buckets;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_quiet_day_never_rings(int seed)
    {
        var luck = new Random(seed);
        for (var i = 0; i < 17_280; i++)
        {
            // Traffic and null rate wander; one request in fifty has a prompt that never came before.
            var requests = luck.Next(5, 80);
            var nulls = Enumerable.Range(0, requests).Count(_ => luck.NextDouble() < 0.004 + (0.004 * Math.Sin(i / 2750.0)));
            Bucket(
                new(InputSignal.FeatureNulls, "age", requests, nulls),
                Values(InputSignal.FeatureValues, "age", Enumerable.Range(0, requests).Select(_ => 40 + (10 * Normal(luck)))),
                new(InputSignal.PromptFingerprint, "usual", requests - (requests / 50)),
                new(InputSignal.PromptFingerprint, $"odd {i}", requests / 50),
                Values(InputSignal.RetrievalAge, "", Enumerable.Range(0, requests).Select(_ => luck.NextDouble())));
            Assert.Null(Look());
        }
    }

    /// <summary>Load by day and week, values that follow it, an index that is built every night, callers with odd prompts: none of it is a fault.</summary>
    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(2)]
    public void Thirty_quiet_days_never_ring_and_a_rule_made_after_them_lets_them_alone(int seed)
    {
        const int day = 17_280;
        var luck = new Random(seed);
        var alarms = new List<string>();
        for (var i = 0; i < 30 * day; i++)
        {
            var (hour, weekday) = (2 * Math.PI * (i % day) / day, i / day % 7 < 5);
            var requests = (int)Math.Max(1, (weekday ? 40 : 20) * (1 + (0.6 * Math.Sin(hour))) * (1 + (0.1 * Normal(luck))));
            var nulls = Enumerable.Range(0, requests).Count(_ => luck.NextDouble() < 0.004 * (1 + (0.5 * Math.Sin(hour / 7))));
            var (value, age) = (40 + (2 * Math.Sin(hour)) + (10 * Normal(luck) / Math.Sqrt(requests)), 0.05 + ((i + (day / 8)) % day / (double)day));
            Bucket(
                new(InputSignal.FeatureNulls, "age", requests, nulls),
                new(InputSignal.FeatureValues, "age", requests, 0, requests * value, requests * ((value * value) + 100), value + 30),
                new(InputSignal.PromptFingerprint, "usual", requests),
                new(InputSignal.PromptFingerprint, $"odd {i}", luck.Next(100) == 0 ? 1 : 0),
                new(InputSignal.RetrievalAge, "", requests, 0, requests * age, requests * ((age * age) + 0.0004), age + 0.05));
            if (Look() is { IsPresent: true } change)
            {
                alarms.Add($"day {i / day}, bucket {i % day}: {change.Words}");
            }
        }

        Assert.True(alarms.Count == 0, $"{alarms.Count} alarms, the first {alarms.FirstOrDefault()}");
        Bucket(new(InputSignal.FeatureNulls, "age", 100, 40), new(InputSignal.PromptFingerprint, "edited", 100), new(InputSignal.RetrievalAge, "", 100, 0, 18_000, 3_240_100, 181));
        Look();
        foreach (var cause in (Cause[])[Cause.EmptyFeatures, Cause.PromptOutOfBand, Cause.StaleIndex])
        {
            var (_, done) = ContainmentPlan.Of(cause, InputContract.None, _watch, Start, "ann", 7)!.Value;
            Assert.True(done.Backtest is { Holds: true } backtest && backtest.QuietFor >= TimeSpan.FromDays(29.9), $"{cause}: {done.Backtest}");
        }
    }

    [Fact]
    public void Nulls_are_found_in_one_bucket_and_named_with_their_feature()
    {
        Quiet(40);
        Bucket(new(InputSignal.FeatureNulls, "age", 100, 30), new(InputSignal.FeatureNulls, "price", 100, 0));
        var change = Look();

        Assert.NotNull(change);
        Assert.Equal(("feature_nulls", "age"), change.Moved.Select(s => (s.Name, s.What)).Single());
        Assert.Equal(InputCount.StartOf(InputCount.BucketOf(Start) + _buckets - 1), change.Onset);
        Assert.Equal("feature nulls of age: 0.42 % before, 30 % since", change.Words);
    }

    [Fact]
    public void Known_questions_that_the_current_release_begins_to_fail_are_found_and_the_previous_one_stands_beside_them()
    {
        for (var i = 0; i < 20; i++)
        {
            Bucket(new(InputSignal.Probe, ProbeSide.Current, 20, i % 5 == 0 ? 1 : 0), new(InputSignal.Probe, ProbeSide.Previous, 20, 0));
        }

        Assert.Null(Look());
        for (var i = 0; i < 3; i++)
        {
            Bucket(new(InputSignal.Probe, ProbeSide.Current, 20, 8), new(InputSignal.Probe, ProbeSide.Previous, 20, 0));
        }

        var change = Look()!;
        Assert.Equal(("probes", null), change.Moved.Select(s => (s.Name, s.What)).Single());
        Assert.Contains(change.Signals, s => s is { Name: "probes", What: ProbeSide.Previous, After.Hits: 0 });
    }

    [Fact]
    public void An_index_that_is_stale_for_some_requests_only_is_found()
    {
        Quiet(60);
        for (var i = 0; i < 3; i++)
        {
            Bucket(Values(InputSignal.RetrievalAge, "", [.. Enumerable.Repeat(0.5, 45), .. Enumerable.Repeat(180.0, 15)]));
        }

        Assert.Equal("retrieval_age", Look()!.Moved.Single().Name);

        var outlier = new InputWatch();
        for (var i = 0; i < 60; i++)
        {
            outlier.Add(InputCount.BucketOf(Start) + i, Values(InputSignal.RetrievalAge, "", Enumerable.Range(0, 60).Select(n => n / 60.0)));
            Assert.Null(outlier.Look(InputCount.StartOf(InputCount.BucketOf(Start) + i)));
        }

        outlier.Add(InputCount.BucketOf(Start) + 60, Values(InputSignal.RetrievalAge, "", [.. Enumerable.Repeat(0.5, 59), 5000.0]));
        Assert.Null(outlier.Look(InputCount.StartOf(InputCount.BucketOf(Start) + 60))); // One old document is none.
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public void One_that_was_kept_and_read_again_sees_what_the_other_sees(int seed)
    {
        var luck = new Random(seed);
        var (one, other) = (new InputWatch(), new InputWatch());
        var rang = false;
        for (var i = 0; i < 400; i++)
        {
            // Quiet, then a fault that lasts for minutes, then quiet again: it is taken up in the middle of each.
            var (requests, share) = (luck.Next(20, 60), i is > 150 and < 260 ? 0.4 : 0.01);
            var at = Start.AddMilliseconds((i + 1) * InputCount.BucketMilliseconds);
            InputCount[] counts =
            [
                new(InputSignal.FeatureNulls, "age", requests, Enumerable.Range(0, requests).Count(_ => luck.NextDouble() < share)),
                Values(InputSignal.RetrievalAge, "", Enumerable.Range(0, requests).Select(_ => luck.NextDouble())),
                new(InputSignal.PromptFingerprint, $"prompt {luck.Next(80)}", requests),
                new(InputSignal.RetrievalIndex, luck.Next(50) == 0 ? $"index {i}" : "index", requests),
            ];
            foreach (var count in counts)
            {
                var late = luck.Next(2);
                one.Add(InputCount.BucketOf(at) - late, count);
                other.Add(InputCount.BucketOf(at) - late, count);
            }

            other = InputWatch.From(JsonSerializer.Deserialize<InputMemory>(JsonSerializer.Serialize(other.Memory))!);
            var (seen, seenByOther) = (one.Look(at), other.Look(at));
            rang |= seen is not null;
            Assert.Equal(JsonSerializer.Serialize(seen), JsonSerializer.Serialize(seenByOther));
            Assert.Equal(one.TakeFirsts(), other.TakeFirsts());
        }

        Assert.True(rang);
        Assert.Equal(JsonSerializer.Serialize(one.Memory), JsonSerializer.Serialize(other.Memory));
    }

    [Fact]
    public void A_prompt_that_nobody_saw_before_is_found_and_a_template_that_is_always_new_is_not()
    {
        Quiet(40);
        Bucket(new InputCount(InputSignal.PromptFingerprint, "edited", 60), new(InputSignal.PromptFingerprint, "usual", 60));
        Assert.Equal("prompt_fingerprint", Look()!.Moved.Single().Name);

        var other = new InputWatch();
        for (var i = 0; i < 200; i++)
        {
            for (var user = 0; user < 20; user++)
            {
                other.Add(InputCount.BucketOf(Start) + i, new(InputSignal.PromptFingerprint, $"Dear user {i}-{user}", 1));
            }

            Assert.Null(other.Look(InputCount.StartOf(InputCount.BucketOf(Start) + i)));
        }
    }

    [Fact]
    public void A_changed_copy_names_the_prompt_that_it_comes_from()
    {
        Quiet(40);
        Bucket(new InputCount(InputSignal.PromptFingerprint, "e1", 20), new(InputSignal.PromptFingerprint, "e2~support@3", 40), new(InputSignal.PromptFingerprint, "usual", 60));
        var change = Look()!;

        Assert.Equal(("prompt_fingerprint", "a changed copy of support@3"), change.Moved.Select(s => (s.Name, s.What)).Single());
        Assert.StartsWith("prompt fingerprint of a changed copy of support@3: ", change.Words, StringComparison.Ordinal);
    }

    [Fact]
    public void The_prompt_of_a_release_is_no_edit_when_callers_begin_to_send_it_nor_when_gateways_stop_to_know_it()
    {
        Quiet(40);
        for (var i = 0; i < 40; i++)
        {
            Bucket(new InputCount(InputSignal.PromptFingerprint, "own=support@4", 60), new(InputSignal.PromptFingerprint, "usual", 60));
            Assert.Null(Look());
        }

        Bucket(new InputCount(InputSignal.PromptFingerprint, "own", 60), new(InputSignal.PromptFingerprint, "usual~support@5", 60));
        Assert.Null(Look());
    }

    [Fact]
    public void What_comes_for_the_first_time_is_told_once_unless_it_is_always_new()
    {
        Quiet(40);
        Bucket(new(InputSignal.PromptFingerprint, "edited", 1), new(InputSignal.RetrievalIndex, "kb-1", 300));
        Bucket(new(InputSignal.PromptFingerprint, "edited", 1), new(InputSignal.RetrievalIndex, "kb-2", 1));
        Assert.Equal(["edited"], _watch.TakeFirsts().Select(c => c.What));
        Quiet(10);
        Bucket(new InputCount(InputSignal.RetrievalIndex, "kb-3", 1));
        Bucket(new InputCount(InputSignal.RetrievalIndex, "kb-3", 1));
        Assert.Equal(["kb-3"], _watch.TakeFirsts().Select(c => c.What));

        var other = new InputWatch();
        for (var i = 0; i < 4000; i++)
        {
            other.Add(InputCount.BucketOf(Start) + (i / 20), new(InputSignal.PromptFingerprint, $"Dear user {i}", 1));
            other.Look(InputCount.StartOf(InputCount.BucketOf(Start) + (i / 20)));
        }

        Assert.Empty(other.TakeFirsts());
    }

    [Fact]
    public void A_fault_does_not_become_usual_however_long_it_lasts_unless_a_person_says_so()
    {
        Quiet(40);
        for (var i = 0; i < 500; i++)
        {
            Bucket(new InputCount(InputSignal.FeatureNulls, "age", 100, 30));
            Assert.NotNull(Look());
        }

        Assert.InRange((double)_watch.Usual.Of(InputSignal.FeatureNulls, "age").Hits / _watch.Usual.Of(InputSignal.FeatureNulls, "age").N, 0, 0.01);
        _watch.Accept();
        Bucket(new InputCount(InputSignal.FeatureNulls, "age", 100, 30));
        Assert.Null(Look());
    }

    [Fact]
    public void Once_it_is_over_the_same_fault_is_a_new_one()
    {
        Quiet(40);
        Bucket(new InputCount(InputSignal.FeatureNulls, "age", 100, 30));
        var first = Look()!.Onset;
        Quiet(20);
        Assert.Null(_watch.Onset);
        Bucket(new InputCount(InputSignal.FeatureNulls, "age", 100, 30));
        Assert.True(Look()!.Onset > first);
    }

    [Theory]
    [InlineData(Cause.EmptyFeatures, "a null of age counts as 40", 0, 30)]
    [InlineData(Cause.StaleIndex, "retrieved documents of 1.25 days and more are refused", 0, 60)]
    [InlineData(Cause.PromptOutOfBand, "only the 1 system messages that were usual pass", 0, 60)]
    public void The_rule_is_made_of_what_was_usual_and_proven_on_what_was_counted(Cause cause, string words, long quiet, long faulty)
    {
        Quiet(60);
        Bucket(
            new(InputSignal.FeatureNulls, "age", 100, 30),
            new(InputSignal.PromptFingerprint, "edited", 60),
            Values(InputSignal.RetrievalAge, "", Enumerable.Repeat(180.0, 60)));
        Look();
        var (contract, done) = ContainmentPlan.Of(cause, InputContract.None, _watch, Start, "ann", 7)!.Value;

        Assert.StartsWith(words, done.Words, StringComparison.Ordinal);
        Assert.False(contract.AsksNothing);
        Assert.True(done.Backtest.Holds);
        Assert.InRange(done.Backtest.QuietTouched, quiet, done.Backtest.Quiet / 100);
        Assert.Equal(faulty, done.Backtest.FaultyTouched);
        Assert.True(contract.Keeps(Look()! with { Moved = [.. Look()!.Moved.Where(s => s.Name == Signals[cause])] }));
        Assert.False(ContainmentPlan.Exists(Cause.Model));
    }

    private static readonly Dictionary<Cause, string> Signals = new()
    {
        [Cause.EmptyFeatures] = "feature_nulls", [Cause.StaleIndex] = "retrieval_age", [Cause.PromptOutOfBand] = "prompt_fingerprint",
    };

    private static InputCount Values(InputSignal signal, string what, IEnumerable<double> values) =>
        values.Aggregate(new InputCount(signal, what, 0), (sum, v) => sum.Add(new(signal, what, 1, 0, v, v * v, v)));

    private static double Normal(Random luck) => Math.Sqrt(-2 * Math.Log(1 - luck.NextDouble())) * Math.Cos(2 * Math.PI * luck.NextDouble());

    private void Quiet(int buckets)
    {
        for (var i = 0; i < buckets; i++)
        {
            Bucket(
                new(InputSignal.FeatureNulls, "age", 100, i % 5 < 2 ? 1 : 0),
                new(InputSignal.FeatureNulls, "price", 100, 0),
                Values(InputSignal.FeatureValues, "age", [40, 40, 30, 50]),
                new(InputSignal.PromptFingerprint, "usual", 60),
                Values(InputSignal.RetrievalAge, "", Enumerable.Range(0, 60).Select(_ => Math.Max(_luck.NextDouble(), i == 0 ? 1 : 0))));
            Look();
        }
    }

    private void Bucket(params InputCount[] counts)
    {
        foreach (var count in counts.Where(c => c.N > 0))
        {
            _watch.Add(InputCount.BucketOf(Start) + _buckets, count);
        }

        _buckets++;
    }

    private InputChange? Look() => _watch.Look(InputCount.StartOf(InputCount.BucketOf(Start) + _buckets - 1));
}
