using System.Collections.Immutable;
using Backstop.Core.Registry;
using CsCheck;

namespace Backstop.Core.Tests.Registry;

public sealed class CompatibilityTests
{
    private static readonly string[] Things = ["feature_schema", "retrieval_index", "sessions"];
    private static readonly Gen<string> Version = OneOf("1", "2", "3");

    private static readonly Gen<Compatibility> Declared = Gen.Select(
        Version.Array[0, 3].Array[Things.Length],
        Version.Array[0, 1].Array[Things.Length],
        Gen.Bool.Array[Things.Length],
        OneOf("sends mail", "books a trip").Array[0, 2],
        OneOf<string?>(null, null, "it rebuilds the index in place"),
        (reads, writes, mentioned, effects, oneWay) => new Compatibility
        {
            Reads = Things.Zip(reads, mentioned).Where(t => t.Third)
                .ToImmutableSortedDictionary(t => t.First, t => t.Second.ToImmutableSortedSet(StringComparer.Ordinal), StringComparer.Ordinal),
            Writes = Things.Zip(writes).Where(t => t.Second.Length > 0).ToImmutableSortedDictionary(t => t.First, t => t.Second[0], StringComparer.Ordinal),
            Irreversible = effects.ToImmutableSortedSet(StringComparer.Ordinal),
            OneWay = oneWay,
        });

    /// <summary>Says thing by thing what must not be, in other words than the code.</summary>
    [Fact]
    public void The_way_back_is_closed_exactly_by_what_the_release_before_cannot_read_or_nobody_can_undo() => Gen.Select(Declared, Declared).Sample(
        (after, before) =>
        {
            var expected = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var thing in Things)
            {
                var mentions = before.Reads.ContainsKey(thing) || before.Writes.ContainsKey(thing);
                var understands = after.Writes.TryGetValue(thing, out var written)
                    && ((before.Reads.TryGetValue(thing, out var read) && read.Contains(written)) || (before.Writes.TryGetValue(thing, out var own) && own == written));
                if (after.Writes.ContainsKey(thing) && mentions && !understands)
                {
                    expected.Add($"/compatibility/writes/{thing}");
                }
            }

            if (after.Irreversible.Any(effect => !before.Irreversible.Contains(effect)))
            {
                expected.Add("/compatibility/irreversible");
            }

            if (after.OneWay is not null)
            {
                expected.Add("/compatibility/one_way");
            }

            Assert.Equal(expected, Compatibility.Obstacles(after, before).Select(o => o.Declaration).Distinct().Order(StringComparer.Ordinal));
        },
        iter: 5000);

    [Fact]
    public void A_release_that_declares_nothing_stands_in_nobody_s_way() => Declared.Sample(before => Assert.Empty(Compatibility.Obstacles(Compatibility.None, before)));

    [Fact]
    public void Whoever_goes_on_as_before_can_be_taken_back() => Declared.Sample(same => Assert.Empty(Compatibility.Obstacles(same with { OneWay = null }, same)));

    [Fact]
    public void Reading_one_version_more_never_closes_a_way() => Gen.Select(Declared, Declared, OneOf(Things), Version).Sample((after, before, thing, version) =>
    {
        // Only of what it reads already: who begins to read a thing begins to depend on it.
        var more = before.Reads.TryGetValue(thing, out var read) ? before with { Reads = before.Reads.SetItem(thing, read.Add(version)) } : before;
        Assert.True(Compatibility.Obstacles(after, more).Length <= Compatibility.Obstacles(after, before).Length);
    });

    [Fact]
    public void The_refusal_names_the_declaration()
    {
        var before = Release("v7", """{ "reads": { "feature_schema": [2, 3] } }""");
        var after = Release("v8", """{ "writes": { "feature_schema": 4 }, "irreversible": ["sends confirmations"] }""");
        Assert.Equal(
            "v8 could not be taken back to v7: it writes feature_schema 4, and the release before it reads only 2, 3 (compatibility.writes.feature_schema); " +
            "sends confirmations, which no swap takes back (compatibility.irreversible)",
            Compatibility.Refusal(after, before));
        Assert.Null(Compatibility.Refusal(before, after));
    }

    [Theory]
    [InlineData("""{ "wirtes": {} }""", "Did you mean 'writes'?")]
    public void An_unknown_key_keeps_a_new_release_out_and_leaves_a_stored_one_readable(string declared, string expected) =>
        Assert.Contains(expected, Release("v8", declared).Flaw, StringComparison.Ordinal);

    [Theory]
    [InlineData("""{ "writes": { "x": [1] } }""", "compatibility.writes.x must be a version")]
    [InlineData("""{ "reads": { "x": [true] } }""", "compatibility.reads.x[0] must be a version")]
    [InlineData("""{ "irreversible": [""] }""", "must say in a few words")]
    [InlineData("""{ "one_way": "" }""", "one_way is empty")]
    public void What_cannot_be_understood_is_refused(string declared, string expected) =>
        Assert.Contains(expected, Assert.IsType<ReleaseResult.Invalid>(Core.Registry.Release.Parse("v8", Manifest(declared))).Error, StringComparison.Ordinal);

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static Release Release(string name, string declared) => Assert.IsType<ReleaseResult.Parsed>(Core.Registry.Release.Parse(name, Manifest(declared))).Release;

    private static string Manifest(string declared) =>
        $$"""{ "serving": { "model": "m", "replicas": ["http://127.0.0.1:1"] }, "compatibility": {{declared}} }""";
}
