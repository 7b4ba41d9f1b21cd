using Backstop.Simulation.Training;

namespace Backstop.Simulation.Tests.Training;

/// <summary>Data sets of others are read as they are, and what cannot be read is named by its line.</summary>
public sealed class LabelledTextTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-labels-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{"text":"a","label":1}""", true)]
    [InlineData("""{"text":"a","label":0.0}""", false)]
    [InlineData("""{"text":"a","label":true}""", true)]
    [InlineData("""{"text":"a","label":"0"}""", false)]
    [InlineData("""{"text":"a","label":" True "}""", true)]
    [InlineData("""{"prompt":"a","label":"jailbreak"}""", true)]
    [InlineData("""{"text":"a","label":"benign"}""", false)]
    [InlineData("""{"text":"a","spans":[]}""", false)]
    [InlineData("""{"text":"ab","spans":[[0,1,"X"]]}""", true)]
    [InlineData("""{"text":"a"}""", null)]
    [InlineData("""{"text":"a","label":null}""", null)]
    public void A_label_may_be_a_number_a_word_or_missing(string line, bool? expected) => Assert.Equal(expected, Read(line)[0].Positive);

    [Theory]
    [InlineData("""[[2,4,"EMAIL"]]""")]
    [InlineData("""[{"start":2,"end":4,"type":"EMAIL"}]""")]
    [InlineData("""[{"start_position":2,"end_position":4,"entity_type":"EMAIL","entity_value":"cd"}]""")]
    [InlineData("""[{"begin":2,"end":4,"label":"EMAIL"}]""")]
    [InlineData("""[{"offset":2,"length":2,"category":"EMAIL"}]""")]
    [InlineData("""[[2,4,"EMAIL",0.9]]""")]
    public void Spans_are_read_in_the_shapes_other_tools_write(string spans) =>
        Assert.Equal(new LabelledSpan(2, 4, "EMAIL"), Assert.Single(Read($$"""{"text":"abcdef","spans":{{spans}}}""")[0].Spans!));

    [Fact]
    public void Positions_count_code_points_as_other_tools_do() =>
        Assert.Equal(new LabelledSpan(3, 5, "X"), Assert.Single(Read("""{"text":"😀 cd","spans":[[2,4,"X"]]}""")[0].Spans!));

    [Theory]
    [InlineData("{\"text\":", "is not JSON")]
    [InlineData("[1,2]", "is an array")]
    [InlineData("{\"body\":\"a\",\"label\":1}", "has no 'text'; it has 'body', 'label'")]
    [InlineData("{\"text\":7}", "'text' is 7")]
    [InlineData("{\"text\":\"a\",\"label\":2}", "'label' is 2")]
    [InlineData("{\"text\":\"a\",\"label\":\"maybe\"}", "'label' is \"maybe\"")]
    [InlineData("{\"text\":\"a\",\"spans\":[[4,1,\"X\"]]}", "a span is [4,1,\"X\"]")]
    [InlineData("{\"text\":\"a\",\"spans\":[{\"start\":\"0\",\"end\":1,\"type\":\"X\"}]}", "a span is")]
    [InlineData("{\"text\":\"\\ud800\",\"label\":1}", "is not JSON text")]
    public void A_line_that_cannot_be_read_is_named_with_what_to_write(string line, string expected)
    {
        var failure = Assert.Throws<FormatException>(() => Read("{\"text\":\"fine\",\"label\":0}\n\n" + line));
        Assert.StartsWith("line 3: ", failure.Message, StringComparison.Ordinal);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    private IReadOnlyList<LabelledText> Read(string lines)
    {
        var file = Path.Combine(_folder, "texts.jsonl");
        File.WriteAllText(file, lines);
        return LabelledText.ReadFile(file);
    }
}
