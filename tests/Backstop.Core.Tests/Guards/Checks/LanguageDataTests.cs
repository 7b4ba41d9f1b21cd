using System.Text.Json;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Tests.Guards.Checks;

public sealed class LanguageDataTests
{
    [Fact]
    public void Languages_of_the_public_sets_are_told_apart()
    {
        var (right, wrong, silent) = (0, new Dictionary<(string, string), int>(), 0);
        string[] files = [Path.Combine(PublicData.Folder("toxicity"), "multilingual-hatecheck.jsonl"), Path.Combine(PublicData.Folder("attack"), "benign-multilingual.jsonl"), Path.Combine(PublicData.Folder("attack"), "benign-prompts.jsonl")];
        foreach (var row in files.SelectMany(File.ReadLines).Select(line => JsonDocument.Parse(line).RootElement))
        {
            var (expected, text) = (row.GetProperty("lang").GetString()!, row.GetProperty("text").GetString()!);
            var found = Language.Codes.Contains(expected) ? Language.Of(text) : null;
            if (found is null)
            {
                silent++;
            }
            else if (found == expected)
            {
                right++;
            }
            else
            {
                wrong[(expected, found)] = wrong.GetValueOrDefault((expected, found)) + 1;
            }
        }

        var mistakes = wrong.Values.Sum();
        TestContext.Current.TestOutputHelper?.WriteLine($"right {right}, wrong {mistakes}, silent {silent}; worst {string.Join(" ", wrong.OrderByDescending(pair => pair.Value).Take(12))}");
        Assert.True(mistakes <= 0.02 * (right + mistakes), $"{mistakes} of {right + mistakes} wrong: {string.Join(" ", wrong.OrderByDescending(pair => pair.Value).Take(12))}");
    }
}
