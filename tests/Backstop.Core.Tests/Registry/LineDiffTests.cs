using Backstop.Core.Registry;
using CsCheck;

namespace Backstop.Core.Tests.Registry;

public sealed class LineDiffTests
{
    private static readonly Gen<string> Text = Gen.Int[0, 3].Select(i => new[] { "a", "b", "c", "" }[i]).Array[1, 8].Select(lines => string.Join('\n', lines));

    [Fact]
    public void Texts_are_put_together_again_from_what_comes_and_goes() => Gen.Select(Text, Text).Sample((before, after) =>
    {
        // A line that changed between any two keeps all of them near a change, so that nothing is left out.
        var (a, b) = (before.Replace("\n", "\nx\n", StringComparison.Ordinal) + "\nx", after.Replace("\n", "\ny\n", StringComparison.Ordinal) + "\ny");
        var changes = LineDiff.Between(a, b);
        Assert.Equal(a, string.Join('\n', changes.Where(c => c.Sign != '+').Select(c => c.Text)));
        Assert.Equal(b, string.Join('\n', changes.Where(c => c.Sign != '-').Select(c => c.Text)));
        Assert.Empty(LineDiff.Between(before, before));
    });

    [Fact]
    public void No_more_lines_come_and_go_than_must() => Gen.Select(Text, Text).Sample((before, after) =>
    {
        var (a, b) = (before.Split('\n'), after.Split('\n'));
        Assert.Equal(a.Length + b.Length - (2 * LongestCommon(a, b)), LineDiff.Between(before, after).Count(c => c.Sign != ' '));
    });

    [Fact]
    public void Only_lines_near_a_change_are_shown()
    {
        var before = string.Join('\n', Enumerable.Range(0, 100));
        var after = before.Replace("\n50\n", "\nfifty\n", StringComparison.Ordinal);
        Assert.Equal([" 48", " 49", "-50", "+fifty", " 51", " 52"], LineDiff.Between(before, after).Select(c => c.Sign + c.Text));
    }

    // By trying: every subset of the shorter text's lines.
    private static int LongestCommon(string[] a, string[] b) => Enumerable.Range(0, 1 << a.Length)
        .Where(subset => IsWithin(a.Where((_, i) => (subset >> i & 1) == 1), b)).Max(subset => int.PopCount(subset));

    private static bool IsWithin(IEnumerable<string> few, string[] many)
    {
        var at = 0;
        foreach (var line in few)
        {
            at = Array.IndexOf(many, line, at) + 1;
            if (at == 0)
            {
                return false;
            }
        }

        return true;
    }
}
