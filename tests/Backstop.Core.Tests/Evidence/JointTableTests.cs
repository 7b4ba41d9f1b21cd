using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Evidence;
using CsCheck;

namespace Backstop.Core.Tests.Evidence;

public class JointTableTests
{
    private static readonly double[] V7 = [0.032, 0.000968, 0.05802192000000005];

    [Theory]
    [InlineData("tolled_joint_strict")]
    [InlineData("tolled_joint_margins")]
    [InlineData("tolled_joint_margins_total")]
    public void Components_match_the_reference(string name)
    {
        var vector = Vectors.Get(name);
        var table = Build(vector);
        Assert.Equal(vector.GetProperty("n_components").GetInt32(), table.Grid.Weights.Length);
        foreach (var component in vector.GetProperty("components").EnumerateObject())
        {
            var j = int.Parse(component.Name);
            Assert.Equal(component.Value.GetProperty("w").GetDouble(), table.Grid.Weights[j], Vectors.Tolerance);
            for (var arm = 0; arm < 2; arm++)
            {
                var expected = component.Value.GetProperty("inc")[arm].Doubles();
                for (var y = 0; y < expected.Length; y++)
                {
                    Assert.Equal(expected[y], table.Increment(0, 0, arm == 1, y, j), Vectors.Tolerance);
                }
            }
        }
    }

    [Theory]
    [InlineData("tolled_joint_strict", "canary_v8_x0.1", "logE_v8", false)]
    [InlineData("tolled_joint_strict", "identical_x0.1", "logE_identical", false)]
    [InlineData("tolled_joint_margins", "canary_v8_x0.1", "logE_v8", false)]
    [InlineData("tolled_joint_margins", "identical_x0.1", "logE_identical", false)]
    [InlineData("tolled_joint_margins_total", "canary_v8_x0.1", "logE_v8", false)]
    [InlineData("tolled_joint_margins_total", "identical_x0.1", "logE_identical", false)]
    [InlineData("tolled_single_bad_1pp", "canary_v8_x0.1", "logE_v8", true)]
    [InlineData("tolled_single_bad_1pp", "identical_x0.1", "logE_identical", true)]
    public void Evidence_after_every_request_matches_the_reference(string name, string sequence, string expected, bool oneBit)
    {
        var vector = Vectors.Get(name);
        var table = Build(vector);
        var counts = new long[table.Cells];
        var wanted = vector.GetProperty(expected).EnumerateArray().ToDictionary(e => e[0].GetInt32(), e => e[1].GetDouble());
        var seen = 0;
        foreach (var request in Vectors.Get("sequences").GetProperty(sequence).EnumerateArray())
        {
            var category = request[1].GetInt32();
            counts[table.CellOf(0, 0, request[0].GetInt32() == 1, oneBit ? category / 3 : category)]++;
            if (wanted.TryGetValue(++seen, out var logE))
            {
                Assert.Equal(logE, table.LogE(counts), Vectors.Tolerance);
                wanted.Remove(seen);
            }
        }

        Assert.Empty(wanted);
    }

    [Fact]
    public void Default_levels_match_the_reference()
    {
        foreach (var pair in Vectors.Get("default_levels").EnumerateArray())
        {
            Assert.Equal(pair[1].Doubles(), TiltGrid.DefaultLevels(pair[0].GetDouble()));
        }
    }

    [Fact]
    public void Counts_merged_from_three_gateways_and_two_stages_match_the_reference()
    {
        var vector = Vectors.Get("merge");
        var table = new JointTable(new TableDesign
        {
            Stages = [.. vector.GetProperty("stages").Doubles().Select(x => new TableStage(x, [[.. V7]]))],
            Margins = [0.002, 0.002, 0.01],
        });
        var merged = new long[table.Cells];
        foreach (var (gateway, i) in vector.GetProperty("gateways").EnumerateArray().Select((g, i) => (g, i)))
        {
            var counts = Flatten(gateway);
            Assert.Equal(vector.GetProperty("logE_each")[i].GetDouble(), table.LogE(counts), Vectors.Tolerance);
            for (var cell = 0; cell < merged.Length; cell++)
            {
                merged[cell] += counts[cell];
            }
        }

        Assert.Equal(Flatten(vector.GetProperty("total")), merged);
        Assert.Equal(vector.GetProperty("logE_merged").GetDouble(), table.LogE(merged), Vectors.Tolerance);
    }

    [Fact]
    public void No_component_of_any_table_gains_on_the_null() =>
        Gen.Select(Gen.Double[0.005, 0.995], Gen.Double[0.0005, 0.25].Array[1, 4], Gen.Double[0, 0.03].Array[4], Gen.Double[0, 0.05], Gen.Bool)
            .Sample((x, rates, margins, total, hasTotal) =>
            {
                var table = new JointTable(new TableDesign
                {
                    Stages = [new(x, [[.. rates], [.. rates.Select(r => r / 2)]])],
                    Margins = [.. margins.Take(rates.Length)],
                    TotalMargin = hasTotal ? total : null,
                });
                Assert.True(table.MaxNullExpectation() <= 1 + 1e-12);
            }, iter: 300);

    [Fact]
    public void The_mean_over_random_points_of_the_null_never_exceeds_one() =>
        Gen.Select(Gen.Double[0.01, 0.99], Gen.Double[0.001, 1].Array[4], Gen.Double[-1, 1].Array[3]).Sample((x, raw, moves) =>
        {
            ImmutableArray<double> margins = [0.002, 0.002, 0.01];
            const double total = 0.01;
            var table = new JointTable(new TableDesign { Stages = [new(x, [[.. V7]])], Margins = margins, TotalMargin = total });
            var control = raw.Select(r => r / raw.Sum()).ToArray();

            // A random tested arm inside the null: rises up to the margins, falls as far as there is anything to lose.
            var tested = control.ToArray();
            var room = total;
            for (var y = 0; y < 3; y++)
            {
                var move = moves[y] < 0 ? moves[y] * control[y] : Math.Min(moves[y] * margins[y], Math.Min(room, tested[3]));
                tested[y] += move;
                tested[3] -= move;
                room -= Math.Max(0, move);
            }

            for (var j = 0; j < table.Grid.Weights.Length; j++)
            {
                var mean = 0.0;
                for (var y = 0; y < 4; y++)
                {
                    mean += (x * tested[y] * Math.Exp(table.Increment(0, 0, true, y, j)))
                        + ((1 - x) * control[y] * Math.Exp(table.Increment(0, 0, false, y, j)));
                }

                Assert.True(mean <= 1 + 1e-12, $"component {j} gains {mean - 1}");
            }
        }, iter: 500);

    [Fact]
    public void Evidence_is_bit_identical_however_the_stream_is_spread_over_gateways() =>
        Gen.Select(Gen.Int[0, 7].Array[1, 400], Gen.Int).Sample((cells, seed) =>
        {
            var table = new JointTable(new TableDesign { Stages = [new(0.05, [[.. V7]])], Margins = [0.002, 0.002, 0.01] });
            var random = new Random(seed);
            var whole = new long[table.Cells];
            var parts = new long[5][].Select(_ => new long[table.Cells]).ToArray();
            foreach (var cell in cells)
            {
                whole[cell]++;
                parts[random.Next(5)][cell]++;
            }

            var merged = new long[table.Cells];
            foreach (var part in parts)
            {
                for (var cell = 0; cell < merged.Length; cell++)
                {
                    merged[cell] += part[cell];
                }
            }

            Assert.Equal(BitConverter.DoubleToInt64Bits(table.LogE(whole)), BitConverter.DoubleToInt64Bits(table.LogE(merged)));
        }, iter: 100);

    [Fact]
    public void A_category_without_levels_is_carried_and_never_tilted()
    {
        var table = new JointTable(new TableDesign
        {
            Stages = [new(0.1, [[0.03, 0.2]])],
            Margins = [0, 0],
            Levels = [default, []],
        });
        Assert.Equal(4, table.Grid.Weights.Length);
        for (var j = 0; j < 4; j++)
        {
            Assert.Equal(0, table.Increment(0, 0, true, 1, j), 1e-12);
        }
    }

    private static JointTable Build(JsonElement vector) => new(new TableDesign
    {
        Stages = [new(vector.GetProperty("x").GetDouble(), [[.. vector.GetProperty("phat").Doubles()]])],
        Margins = [.. vector.GetProperty("margins").Doubles()],
        TotalMargin = vector.TryGetProperty("total", out var total) && total.ValueKind == JsonValueKind.Number ? total.GetDouble() : null,
        Levels = [.. vector.GetProperty("levels").EnumerateArray().Select(l => l.Doubles().ToImmutableArray())],
        Spike = vector.GetProperty("spike").GetDouble(),
    });

    private static long[] Flatten(JsonElement stages) =>
        [.. stages.EnumerateArray().SelectMany(s => s.EnumerateArray()).SelectMany(a => a.Longs())];
}
