using System.Text.Json;
using Backstop.Core.Guards.Json;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Core.Tests.Incidents;

/// <summary>What docs/ says of the format of cases is what is read.</summary>
public sealed class PublishedFormatTests
{
    private static readonly string Page = Read("incidents.md");
    private static readonly JsonSchema Schema = JsonSchema.Compile(Read("incident-case.schema.json"));

    [Fact]
    public void The_example_on_the_page_is_valid_read_without_a_note_and_diagnosed()
    {
        var example = Page.Split("```json")[1].Split("```")[0];

        Assert.Null(Violation(example));
        var incident = CaseReader.Read(example);
        Assert.Empty(incident.Notes);
        Assert.Equal(SuspectKind.Data, Investigation.Of(incident).Named);
    }

    [Fact]
    public void The_page_names_every_signal_group_and_part()
    {
        foreach (var name in SignatureTable.Signals.Concat(SignatureTable.Groups).Concat(SignatureTable.Parts))
        {
            Assert.Contains($"`{name}`", Page, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{ "signals": [ { "before": { "n": 1, "hits": 0 } } ] }""")]
    [InlineData("""{ "contrasts": [ { "name": "judged" } ] }""")]
    [InlineData("""{ "severe": "yes" }""")]
    [InlineData("""{ "truth": { "suspects": ["modle"] } }""")]
    [InlineData("""{ "signals": [ { "name": "errors", "before": { "n": 1, "rate": 2 }, "after": { "n": 1, "rate": 0 } } ] }""")]
    public void What_the_reader_refuses_the_schema_refuses(string json)
    {
        Assert.NotNull(Violation(json));
        Assert.Throws<FormatException>(() => CaseReader.Read(json));
    }

    [Fact]
    public void Every_member_of_the_schema_is_read()
    {
        using var schema = JsonDocument.Parse(Read("incident-case.schema.json"));
        var members = schema.RootElement.GetProperty("properties").EnumerateObject().Select(p => p.Name).ToList();

        // A null stands for a member that is not there, so a case of nulls is read without a word about any of them.
        Assert.Empty(CaseReader.Read($"{{{string.Join(",", members.Select(m => $"\"{m}\":null"))}}}").Notes);
    }

    private static SchemaViolation? Violation(string json)
    {
        var value = JsonParser.Parse(json, out var error);
        Assert.Null(error);
        return Schema.Validate(value!);
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", file));
}
