using System.Collections.Immutable;
using Backstop.Core.Gates;

namespace Backstop.Core.Tests.Gates;

/// <summary>A gate that others can stand in for can go; one that stops something alone cannot.</summary>
public sealed class KillMatrixTests
{
    [Fact]
    public void What_a_gate_stops_alone_and_what_nobody_stops_is_told()
    {
        var matrix = new KillMatrix([Row("old", 100, "r1"), Row("new", 50, "r1", "r2"), Row("idle", 10)]);
        Assert.Equal(["r2"], matrix.OnlyBy("new"));
        Assert.Empty(matrix.OnlyBy("old"));
        Assert.Equal(["r3"], matrix.Unstopped);
    }

    [Fact]
    public void The_dearest_gate_goes_first_and_no_two_that_lean_on_each_other()
    {
        var three = new KillMatrix([Row("cheap", 10, "r1"), Row("dear", 400, "r1"), Row("middle", 100, "r1")]);
        Assert.Equal(["dear"], three.Dispensable()); // With two left, neither has two others any more.
        Assert.Equal(["idle"], new KillMatrix([Row("idle", 10), Row("only", 400, "r1")]).Dispensable());
    }

    [Fact]
    public void Where_no_bad_release_answers_any_more_no_gate_is_dispensable() =>
        Assert.Empty(new KillMatrix([new("a", 10, ImmutableSortedDictionary<string, GateVerdict>.Empty.Add("r1", GateVerdict.Inconclusive))]).Dispensable());

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_could_go_the_rest_stops_every_release_that_was_stopped_by_what_went_twice(int seed)
    {
        var luck = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var rows = Enumerable.Range(0, luck.Next(1, 8)).Select(g => Row($"g{g}", luck.Next(1, 400), [.. Releases.Where(_ => luck.Next(2) == 0)])).ToImmutableArray();
            var gone = new KillMatrix(rows).Dispensable();
            var left = rows.Where(r => !gone.Contains(r.Gate)).ToArray();
            Assert.All(
                rows.Where(r => gone.Contains(r.Gate)).SelectMany(r => Releases.Where(r.Kills)),
                release => Assert.True(left.Count(r => r.Kills(release)) >= KillMatrix.Enough, $"seed {seed}, round {round}, {release}"));
        }
    }

    private static readonly string[] Releases = ["r1", "r2", "r3"];

    private static GateKills Row(string gate, int answers, params string[] kills) =>
        new(gate, answers, Releases.ToImmutableSortedDictionary(r => r, r => kills.Contains(r) ? GateVerdict.Failed : GateVerdict.Passed, StringComparer.Ordinal));
}
