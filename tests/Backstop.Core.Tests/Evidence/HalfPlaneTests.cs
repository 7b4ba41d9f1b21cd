using Backstop.Core.Evidence;

namespace Backstop.Core.Tests.Evidence;

/// <summary>The toll of <see cref="JointTable"/> against the best that there is for a single bit.</summary>
public class HalfPlaneTests
{
    private static readonly HalfPlane OnePoint = new(0.01, 1);

    [Fact]
    public void The_nearest_pair_of_rates_matches_the_reference()
    {
        foreach (var c in Vectors.Get("ripr_points").GetProperty("cases").EnumerateArray())
        {
            var (control, tested, share) = (c.GetProperty("theta0").GetDouble(), c.GetProperty("theta1").GetDouble(), c.GetProperty("x").GetDouble());
            var plane = new HalfPlane(c.GetProperty("a").GetDouble(), c.GetProperty("b").GetDouble());
            var (nearControl, nearTested) = plane.Nearest(control, tested, share);
            Assert.Equal(c.GetProperty("p0_star").GetDouble(), nearControl, Vectors.Tolerance);
            Assert.Equal(c.GetProperty("p1_star").GetDouble(), nearTested, Vectors.Tolerance);
            double[] expected = [.. c.GetProperty("inc")[0].Doubles(), .. c.GetProperty("inc")[1].Doubles()];
            Assert.Equal(expected, plane.Increments(control, tested, share), (a, b) => Math.Abs(a - b) < Vectors.Tolerance);
        }
    }

    [Fact]
    public void Its_grid_and_evidence_match_the_reference()
    {
        var vector = Vectors.Get("ripr_grid_bad_1pp");
        var (rate, share) = (vector.GetProperty("phat").GetDouble(), vector.GetProperty("x").GetDouble());
        var grid = OnePoint.Grid(rate).ToArray();
        foreach (var (component, i) in vector.GetProperty("components").EnumerateArray().Select((c, i) => (c.Doubles(), i)))
        {
            double[] own = [grid[i].Control, grid[i].Tested, grid[i].Weight];
            Assert.Equal(component, own, (a, b) => Math.Abs(a - b) < Vectors.Tolerance);
        }

        foreach (var (name, sequence) in new[] { ("logE_v8", "canary_v8_x0.1"), ("logE_identical", "identical_x0.1") })
        {
            foreach (var look in vector.GetProperty(name).EnumerateArray())
            {
                Assert.Equal(look[1].GetDouble(), OnePoint.LogE(rate, share, Counts(sequence, look[0].GetInt32(), category => category != 3)), Vectors.Tolerance);
            }
        }
    }

    [Fact]
    public void The_mean_over_metrics_matches_the_reference()
    {
        var vector = Vectors.Get("portfolio");
        var (rates, margins, weights) = (vector.GetProperty("phat").Doubles(), vector.GetProperty("margins").Doubles(), vector.GetProperty("weights").Doubles());
        Func<int, bool>[] metrics = [c => c == 0, c => c == 1, c => c == 2, c => c != 3];
        foreach (var (name, sequence) in new[] { ("v8", "canary_v8_x0.1"), ("identical", "identical_x0.1") })
        {
            foreach (var look in vector.GetProperty(name).EnumerateArray())
            {
                double[] each =
                    [.. metrics.Select((isBad, m) => new HalfPlane(margins[m], 1).LogE(rates[m], 0.1, Counts(sequence, look[0].GetInt32(), isBad)))];
                Assert.Equal(look[1].Doubles(), each, (a, b) => Math.Abs(a - b) < Vectors.Tolerance);
                Assert.Equal(look[2].GetDouble(), HalfPlane.Mean(weights.Zip(each)), Vectors.Tolerance);
            }
        }
    }

    [Theory]
    [InlineData(0.09099, 0.402128, 0.002)]
    [InlineData(0.09099, 0.402128, 0.01)]
    [InlineData(0.058022, 0.077203, 0.002)]
    [InlineData(0.058022, 0.077203, 0.01)]
    public void The_toll_costs_less_than_two_thousandths_of_the_best_growth(double control, double tested, double margin)
    {
        const int levels = 50;
        foreach (var share in new[] { 0.05, 0.1, 0.5, 0.9, 0.95 })
        {
            var table = new JointTable(new TableDesign
            {
                Stages = [new TableStage(share, [[control]])],
                Margins = [margin],
                Levels = [[.. Enumerable.Range(1, levels).Select(i => 1 + (((tested / control) - 1) * i / levels))]],
                Spike = 0,
            });
            var growth = Enumerable.Range(0, levels).Max(j =>
                ((1 - share) * ((control * table.Increment(0, 0, false, 0, j)) + ((1 - control) * table.Increment(0, 0, false, 1, j))))
                + (share * ((tested * table.Increment(0, 0, true, 0, j)) + ((1 - tested) * table.Increment(0, 0, true, 1, j)))));
            Assert.InRange(growth / new HalfPlane(margin, 1).Growth(control, tested, share), 0.998, 1 + 1e-9);
        }
    }

    // Control good, control bad, tested good, tested bad, of the first requests of a sequence.
    private static long[] Counts(string sequence, int requests, Func<int, bool> isBad)
    {
        var counts = new long[4];
        foreach (var request in Vectors.Get("sequences").GetProperty(sequence).EnumerateArray().Take(requests))
        {
            counts[(2 * request[0].GetInt32()) + (isBad(request[1].GetInt32()) ? 1 : 0)]++;
        }

        return counts;
    }
}
