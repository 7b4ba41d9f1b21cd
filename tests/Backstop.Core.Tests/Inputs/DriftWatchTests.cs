using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents;
using Backstop.Core.Inputs;
using CsCheck;

namespace Backstop.Core.Tests.Inputs;

/// <summary>Slow and small changes are found against a reference that stays; many features together keep quiet.</summary>
public sealed class DriftWatchTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddDays(20_000);

    private readonly DriftWatch _watch = new();
    private readonly Random _luck = new(1);
    private int _minutes;

    private DateTimeOffset Now => Start.AddMinutes(_minutes);

    [Fact]
    public void A_drift_of_weeks_is_found_that_what_learns_from_yesterday_takes_for_usual()
    {
        var learning = new InputWatch();
        var (found, rang) = (0, false);
        for (var day = 0; day < 50 && found == 0; day++)
        {
            for (var minute = 0; minute < 24 * 60; minute += 6)
            {
                // A sixtieth of a standard deviation a day.
                double[] values = [.. Normals(30, 40 + (10 * Math.Max(0, day - 8) / 60.0), 10)];
                var tally = new InputTally();
                tally.Add(InputSignal.FeatureValues, "age", values);
                foreach (var count in tally.CountsWithValues)
                {
                    _watch.Add(count);
                    learning.Add(InputCount.BucketOf(Now), count);
                }

                rang |= learning.Look(Now) is not null;
                found = found == 0 && !_watch.Look(Now, isQuiet: true).IsEmpty ? day : found;
                _minutes += 6;
            }
        }

        Assert.InRange(found, 10, 49);
        Assert.False(rang);
    }

    [Fact]
    public void Forty_features_that_rise_and_fall_with_the_hour_keep_quiet_for_two_weeks()
    {
        for (var minute = 0; minute < 15 * 24 * 60; minute += 10)
        {
            var tally = new InputTally();
            for (var feature = 0; feature < 20; feature++)
            {
                var hour = Math.Sin(2 * Math.PI * _minutes / (24 * 60));
                tally.Add(InputSignal.FeatureValues, $"f{feature}", [.. Normals(20, 5 * feature, 1 + feature, shift: 0.3 * hour)]);
                tally.Add(new(InputSignal.FeatureNulls, $"f{feature}", 20, Enumerable.Range(0, 20).Count(_ => _luck.NextDouble() < 0.02 + (0.01 * hour))));
            }

            Take(tally);
            Assert.Empty(_watch.Look(Now, isQuiet: true));
            _minutes += 10;
        }

        Assert.Equal(40, _watch.Streams.Count);
        Assert.DoesNotContain(_watch.Streams, s => s.Learns);
    }

    [Fact]
    public void Weekends_unlike_the_days_between_are_no_drift_and_a_drift_of_those_days_still_is()
    {
        // It begins on a Friday: who has seen one day only takes the next for a drift.
        Assert.Equal(DayOfWeek.Friday, Start.DayOfWeek);
        Weeks(5, nulls: 0.02);
        Assert.Empty(Drifted());
        Assert.DoesNotContain(_watch.Streams, s => s.Learns);
        Weeks(1 / 7.0, nulls: 0.3, isQuiet: false); // A Friday.
        Assert.Equal(10, Drifted().Length);
        Assert.All(Drifted(), s => Assert.Equal(InputSignal.FeatureNulls, s.Known.Signal));

        void Weeks(double weeks, double nulls, bool isQuiet = true)
        {
            for (var until = _minutes + (weeks * 7 * 24 * 60); _minutes < until; _minutes += 10)
            {
                var weekend = Now.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;
                var tally = new InputTally();
                for (var feature = 0; feature < 10; feature++)
                {
                    tally.Add(InputSignal.FeatureValues, $"f{feature}", [.. Normals(20, 40, 10, shift: weekend ? 1 : 0)]);
                    tally.Add(new(InputSignal.FeatureNulls, $"f{feature}", 20, Enumerable.Range(0, 20).Count(_ => _luck.NextDouble() < (weekend ? 0.06 : nulls))));
                }

                Take(tally);
                Assert.True(!isQuiet || _watch.Look(Now, isQuiet).IsEmpty, $"A drift on {Now:dddd}, day {_minutes / 1440}.");
                _ = isQuiet ? default : _watch.Look(Now, isQuiet);
            }
        }
    }

    [Fact]
    public void Nulls_and_values_drift_apart_from_each_other()
    {
        Days(7.2, nulls: 0.01, mean: 40);
        Days(0.2, nulls: 0.10, mean: 40);
        var drifted = Assert.Single(Drifted());
        Assert.Equal((InputSignal.FeatureNulls, "age"), (drifted.Known.Signal, drifted.Known.What));

        Days(0.5, nulls: 0.01, mean: 40); // Over: the bets lose what they had won.
        Assert.Empty(Drifted());
        Days(0.2, nulls: 0.01, mean: 55);
        Assert.Equal((InputSignal.FeatureValues, "age"), Drifted().Select(s => (s.Known.Signal, s.Known.What)).Single());
        Assert.InRange(drifted.Known.Sums.N, 1000, long.MaxValue);
        Assert.StartsWith("feature values of age: ", InputChange.Of(Drifted()).Words, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_person_accepts_is_how_it_is_from_then_on()
    {
        Days(7.2, nulls: 0.01, mean: 40);
        Days(0.3, nulls: 0.01, mean: 55);
        Assert.NotEmpty(Drifted());
        _watch.Accept();
        Days(7.5, nulls: 0.01, mean: 55);
        Assert.Empty(Drifted());
        Days(0.3, nulls: 0.01, mean: 40);
        Assert.NotEmpty(Drifted());
    }

    [Fact]
    public void Nothing_is_learnt_while_something_is_wrong()
    {
        Days(2, nulls: 0.3, mean: 40, isQuiet: false);
        Assert.All(_watch.Streams, s => Assert.True(s.Learns));
        Days(7.2, nulls: 0.01, mean: 40);
        Days(0.3, nulls: 0.3, mean: 40);
        Assert.Single(Drifted());
    }

    [Fact]
    public void What_was_learnt_outlives_its_owner()
    {
        Days(7.3, nulls: 0.01, mean: 40);
        Days(0.02, nulls: 0.01, mean: 47);
        var inputs = new InputWatch();
        foreach (var stream in _watch.Streams)
        {
            inputs.Drift.Restore(stream.Stored());
        }

        var text = JsonSerializer.Serialize(inputs.Memory);
        var restored = InputWatch.From(JsonSerializer.Deserialize<InputMemory>(text)!);
        Assert.Equal(_watch.Streams.Select(s => s.LogValue), restored.Drift.Streams.Select(s => s.LogValue));
        Assert.Equal(_watch.Streams.Select(s => s.StabilityIndex()), restored.Drift.Streams.Select(s => s.StabilityIndex()));
        Assert.Equal(text, JsonSerializer.Serialize(restored.Memory));
    }

    [Fact]
    public void No_bet_gains_on_average_while_every_bin_keeps_its_ceiling() =>
        Gen.Select(Gen.Double[0.001, 0.95].Array[2, 10], Gen.Int[0, 200], Gen.Int[0, int.MaxValue]).Sample((ceilings, _, seed) =>
        {
            // The mean of one epoch's factor over every way in which a single value can fall, each bin with its ceiling's chance at most.
            var luck = new Random(seed);
            var shares = Array.ConvertAll(ceilings, c => luck.NextDouble() * c);
            var sum = Math.Max(1, shares.Sum());
            shares = Array.ConvertAll(shares, s => s / sum);
            var mean = 1 - shares.Sum() is var rest && rest > 0 ? rest * Factor(ceilings.Length) : 0;
            for (var bin = 0; bin < ceilings.Length; bin++)
            {
                mean += shares[bin] * Factor(bin);
            }

            Assert.InRange(mean, 0, 1 + 1e-12);

            double Factor(int bin)
            {
                var test = new DriftTest([.. ceilings.Select(c => (double?)c), null], []);
                var counts = new long[ceilings.Length + 1];
                counts[bin] = 1;
                test.Add(counts);
                return Math.Exp(test.LogValue);
            }
        });

    private DriftStream[] DriftedArray() => [.. _watch.Streams.Where(s => s.LogValue >= _watch.LogThreshold)];

    private System.Collections.Immutable.ImmutableArray<DriftStream> Drifted() => [.. DriftedArray()];

    private void Days(double days, double nulls, double mean, bool isQuiet = true)
    {
        for (var until = _minutes + (days * 24 * 60); _minutes < until; _minutes += 2)
        {
            var tally = new InputTally();
            tally.Add(InputSignal.FeatureValues, "age", [.. Normals(20, mean, 10)]);
            tally.Add(new(InputSignal.FeatureNulls, "age", 20, Enumerable.Range(0, 20).Count(_ => _luck.NextDouble() < nulls)));
            Take(tally);
            _watch.Look(Now, isQuiet);
        }
    }

    private void Take(InputTally tally)
    {
        foreach (var count in tally.CountsWithValues)
        {
            _watch.Add(count);
        }
    }

    private IEnumerable<double> Normals(int count, double mean, double deviation, double shift = 0) => Enumerable.Range(0, count)
        .Select(_ => mean + (deviation * (shift + (Math.Sqrt(-2 * Math.Log(1 - _luck.NextDouble())) * Math.Cos(2 * Math.PI * _luck.NextDouble())))));
}
