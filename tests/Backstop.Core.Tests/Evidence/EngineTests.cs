using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Core.Tests.Evidence;

public class EngineTests
{
    private static readonly ImmutableArray<ImmutableArray<double>> CeilingLevels = [[1.5, 3, 8], [4, 20, 100], [1.25, 1.6, 2.6]];

    [Fact]
    public void Ceiling_test_and_detector_match_the_reference()
    {
        var vector = Vectors.Get("ceiling_sr");
        var test = new CeilingTest([[.. vector.GetProperty("ceiling").Doubles()]], CeilingLevels, vector.GetProperty("spike").GetDouble());
        Assert.Equal(vector.GetProperty("n_components").GetInt32(), test.Components);
        var detector = new CeilingDetector(test);
        var total = new long[4];
        var since = vector.GetProperty("eprocess_log_value").EnumerateArray().ToDictionary(e => e[0].GetInt32(), e => e[1].GetDouble());
        foreach (var epoch in vector.GetProperty("sr_log_value").EnumerateArray())
        {
            var counts = epoch[1].Longs();
            detector.Add(counts);
            for (var y = 0; y < 4; y++)
            {
                total[y] += counts[y];
            }

            Assert.Equal(epoch[2].GetDouble(), detector.LogValue, Vectors.Tolerance);
            Assert.Equal(since[epoch[0].GetInt32()], test.LogE(total), Vectors.Tolerance);
        }
    }

    [Theory]
    [InlineData("margin 0 (ceiling = v7 rates)", 0, 0, 0)]
    [InlineData("margins .5/.5/1pp", 0.005, 0.005, 0.01)]
    public void One_arm_evidence_on_the_textbooks_stream_matches_the_reference(string name, double toxic, double schema, double wrong)
    {
        var seed = Vectors.Get("seed");
        var v7 = seed.GetProperty("model").GetProperty("v7").Doubles();
        var test = new CeilingTest([[v7[0] + toxic, v7[1] + schema, v7[2] + wrong]], CeilingLevels, spike: 0.4);
        var counts = new long[4];
        var categories = seed.GetProperty("trace").GetProperty("categories").GetString()!;
        var expected = seed.GetProperty("e_process_on_same_stream").GetProperty(name);
        var i = 0;
        foreach (var logE in expected.GetProperty("first_40_logE").Doubles())
        {
            counts[categories[i++] - '0']++;
            Assert.Equal(logE, test.LogE(counts), Vectors.Tolerance);
        }
    }

    [Fact]
    public void Hypergeometric_epochs_match_the_reference()
    {
        foreach (var c in Vectors.Get("epoch_hypergeometric").GetProperty("cases").EnumerateArray())
        {
            var logE = OddsRatioTest.LogRatio(
                c.GetProperty("n1").GetInt64(), c.GetProperty("n0").GetInt64(), c.GetProperty("b1").GetInt64(),
                c.GetProperty("b0").GetInt64(), c.GetProperty("psi").GetDouble(), c.GetProperty("psi0").GetDouble());
            Assert.Equal(c.GetProperty("logE").GetDouble(), logE, Vectors.Tolerance);
        }
    }

    [Fact]
    public void A_chain_of_categories_matches_the_reference()
    {
        var chain = Vectors.Get("epoch_hypergeometric").GetProperty("chain");
        var counts = chain.GetProperty("counts");
        Assert.Equal(
            chain.GetProperty("logE").GetDouble(),
            OddsRatioTest.Chain(counts[0].Longs(), counts[1].Longs(), chain.GetProperty("psi").Doubles()),
            Vectors.Tolerance);
    }

    [Fact]
    public void The_mean_of_a_hypergeometric_epoch_is_one_when_the_arms_are_equal()
    {
        // Every way the bad outcomes can fall on the arms, weighted by its probability.
        const int n1 = 12, n0 = 30, bad = 9;
        var mean = 0.0;
        for (var k = 0; k <= bad; k++)
        {
            var probability = Choose(n1, k) * Choose(n0, bad - k) / Choose(n1 + n0, bad);
            mean += probability * Math.Exp(OddsRatioTest.LogRatio(n1, n0, k, bad - k, 2.5, 1));
        }

        Assert.Equal(1, mean, 1e-10);
    }

    [Fact]
    public void Latency_histograms_match_the_reference()
    {
        var vector = Vectors.Get("latency_histogram");
        var table = new HistogramTable(vector.GetProperty("x").GetDouble(), [.. vector.GetProperty("theta0").Doubles()]);
        Assert.Equal(vector.GetProperty("n_components").GetInt32(), table.Components);
        for (var j = 0; j < table.Components; j++)
        {
            Assert.Equal(vector.GetProperty("w")[j].GetDouble(), table.Weight(j), Vectors.Tolerance);
            for (var arm = 0; arm < 2; arm++)
            {
                var expected = vector.GetProperty("inc")[j][arm].Doubles();
                for (var bin = 0; bin < expected.Length; bin++)
                {
                    Assert.Equal(expected[bin], table.Increment(arm == 1, bin, j), Vectors.Tolerance);
                }
            }
        }

        foreach (var look in vector.GetProperty("counts_and_logE").EnumerateArray())
        {
            long[] counts = [.. look[1][0].Longs(), .. look[1][1].Longs()];
            Assert.Equal(look[2].GetDouble(), table.LogE(counts), Vectors.Tolerance);
        }

        Assert.True(table.MaxNullExpectation() <= 1 + 1e-12);
    }

    [Fact]
    public void A_value_falls_into_the_bin_below_the_edge_it_equals()
    {
        double[] edges = [1, 2, 4];
        Assert.Equal([0, 0, 1, 1, 2, 3], new[] { 0.5, 1, 1.5, 2, 4, 4.1 }.Select(v => HistogramTable.BinOf(v, edges)));
    }

    [Fact]
    public void Bounded_scores_match_the_reference()
    {
        var vector = Vectors.Get("ipw_betting");
        var test = new BoundedScoreTest(
            vector.GetProperty("x").GetDouble(), vector.GetProperty("c").GetDouble(), vector.GetProperty("delta").GetDouble());
        Assert.Equal(vector.GetProperty("lambdas").Doubles(), test.Stakes.ToArray(), (a, b) => Math.Abs(a - b) < Vectors.Tolerance);
        var looks = vector.GetProperty("log_wealth").EnumerateArray().ToDictionary(e => e[0].GetInt32());
        var seen = 0;
        foreach (var observation in vector.GetProperty("input").EnumerateArray())
        {
            test.Add(observation[0].GetInt32() == 1, observation[1].GetDouble());
            if (looks.Remove(++seen, out var look))
            {
                Assert.Equal(look[2].GetDouble(), test.LogE, Vectors.Tolerance);
                var wealth = look[1].Doubles();
                for (var i = 0; i < wealth.Length; i++)
                {
                    Assert.Equal(wealth[i], test.LogWealth[i], Vectors.Tolerance);
                }
            }
        }

        Assert.Empty(looks);
    }

    [Fact]
    public void The_lower_bound_of_a_score_difference_matches_the_reference()
    {
        var vector = Vectors.Get("ipw_lower_bound");
        const double share = 0.1, centre = 0.12;
        const double least = -centre / share;
        var input = Vectors.Get("ipw_betting").GetProperty("input").EnumerateArray()
            .Select(o => ((o[1].GetDouble() - centre) * (o[0].GetInt32() == 1 ? 1 / share : -1 / (1 - share)), least, 1L)).ToList();
        var alphas = vector.GetProperty("alpha").Doubles();
        foreach (var look in vector.GetProperty("lower").EnumerateArray())
        {
            for (var a = 0; a < alphas.Length; a++)
            {
                Assert.Equal(look[1 + a].GetDouble(), BoundedScoreTest.LowerBound(input[..look[0].GetInt32()], alphas[a]), Vectors.Tolerance);
            }
        }
    }

    [Fact]
    public void Sessions_match_the_reference()
    {
        foreach (var c in Vectors.Get("session_posterior").EnumerateArray())
        {
            var logE = SessionTest.LogE(
                c.GetProperty("arm").GetInt32() == 1, c.GetProperty("m").GetInt64(), c.GetProperty("k").GetInt64(),
                c.GetProperty("theta0").GetDouble(), c.GetProperty("theta1").GetDouble(), c.GetProperty("x").GetDouble());
            Assert.Equal(c.GetProperty("logE").GetDouble(), logE, Vectors.Tolerance);
        }
    }

    [Fact]
    public void Sessions_merge_exactly_as_integers()
    {
        var test = new SessionTest(0.1, 0.09, [0.12, 0.18, 0.3]);
        var one = new long[3];
        var two = new long[3];
        var both = new long[3];
        for (var i = 0; i < 50; i++)
        {
            test.Add(i % 7 == 0, 5, i % 3, i % 2 == 0 ? one : two);
            test.Add(i % 7 == 0, 5, i % 3, both);
        }

        Assert.Equal(both, one.Zip(two, (a, b) => a + b));
        Assert.True(double.IsFinite(test.LogE(both)));
    }

    [Fact]
    public void Assignment_counts_match_the_reference()
    {
        foreach (var c in Vectors.Get("dirichlet").EnumerateArray())
        {
            var logE = AssignmentTest.LogE(c.GetProperty("counts").Doubles(), c.GetProperty("p0").Doubles(), c.GetProperty("k").GetDouble());
            Assert.Equal(c.GetProperty("logE").GetDouble(), logE, Vectors.Tolerance);
        }
    }

    [Fact]
    public void The_split_of_two_arms_matches_the_reference()
    {
        foreach (var c in Vectors.Get("beta_split").EnumerateArray())
        {
            var x = c.GetProperty("x").GetDouble();
            var logE = AssignmentTest.LogE([c.GetProperty("n1").GetInt64(), c.GetProperty("n0").GetInt64()], [x, 1 - x], c.GetProperty("k").GetDouble());
            Assert.Equal(c.GetProperty("logE").GetDouble(), logE, Vectors.Tolerance);
        }
    }

    [Fact]
    public void Rejections_among_many_match_the_reference()
    {
        var vector = Vectors.Get("e_bh");
        var alphas = vector.GetProperty("alpha").Doubles();
        for (var i = 0; i < alphas.Length; i++)
        {
            Assert.Equal(
                vector.GetProperty("rejected")[i].EnumerateArray().Select(e => e.GetInt32()),
                EBenjaminiHochberg.Rejected(vector.GetProperty("e").Doubles(), alphas[i]));
        }
    }

    private static double Choose(int n, int k) =>
        k == 0 ? 1 : Enumerable.Range(1, k).Aggregate(1.0, (product, i) => product * (n - k + i) / i);
}
