using System.Text;
using System.Text.Json;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Json;

namespace Backstop.Core.Tests.Guards;

public sealed class JsonConformanceTests
{
    [Fact]
    public void The_parser_accepts_and_refuses_what_RFC_8259_does()
    {
        foreach (var file in Directory.GetFiles(PublicData.Folder("json/jsontestsuite"), "*.json"))
        {
            var name = Path.GetFileName(file);
            if (name[0] is 'y' or 'n')
            {
                Assert.True(Parses(File.ReadAllBytes(file)) == (name[0] == 'y'), name);
            }
        }
    }

    [Fact]
    public void The_required_part_of_the_official_2020_12_suite_passes()
    {
        var folder = PublicData.Folder("json/json-schema-test-suite");
        var remotes = Path.Combine(folder, "remotes");
        var documents = Directory.GetFiles(remotes, "*.json", SearchOption.AllDirectories).ToDictionary(
            file => "http://localhost:1234/" + Path.GetRelativePath(remotes, file), File.ReadAllText);
        foreach (var file in Directory.GetFiles(Path.Combine(folder, "tests/draft2020-12"), "*.json"))
        {
            using var groups = JsonDocument.Parse(File.ReadAllText(file));
            foreach (var group in groups.RootElement.EnumerateArray())
            {
                var schema = JsonSchema.Compile(group.GetProperty("schema").GetRawText(), documents);
                foreach (var test in group.GetProperty("tests").EnumerateArray())
                {
                    var value = JsonParser.Parse(test.GetProperty("data").GetRawText(), out _)!;
                    Assert.True(
                        schema.Validate(value) is null == test.GetProperty("valid").GetBoolean(),
                        $"{Path.GetFileName(file)}: {group.GetProperty("description")}: {test.GetProperty("description")}");
                }
            }
        }
    }

    [Fact]
    public void Broken_JSON_of_models_is_repaired_to_the_document_that_was_meant()
    {
        var (right, all) = (0, 0);
        foreach (var line in File.ReadLines(Path.Combine(PublicData.Folder("json/llm-json"), "llm-json-dev.jsonl")))
        {
            using var row = JsonDocument.Parse(line);
            if (row.RootElement.GetProperty("mutation").GetString() == "truncated")
            {
                continue;
            }

            all++;
            var text = row.RootElement.GetProperty("text").GetString()!;
            var expected = JsonParser.Parse(row.RootElement.GetProperty("expected").GetRawText(), out _)!;
            right += JsonRepair.Find(text) is { } edits
                && JsonValue.Same(JsonParser.Parse(EditMerger.Apply(text, 0, edits), out _)!, expected) ? 1 : 0;
        }

        Assert.True(right >= 0.99 * all, $"{right} of {all}");
    }

    private static bool Parses(byte[] bytes)
    {
        try
        {
            return JsonParser.Parse(new UTF8Encoding(false, true).GetString(bytes), out _) is not null;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
