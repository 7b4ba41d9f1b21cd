using System.Text;
using Backstop.Core.Guards;

namespace Backstop.GatewayBench.Load;

/// <summary>Texts of this repository's documents, each another one: what is asked again and again is remembered by processor and checks alike.</summary>
/// <remarks>To be read where the repository is the working directory.</remarks>
internal static class Prose
{
    // As long as the conversation's.
    private const int Length = 800;

    // What begins no sentence or goes on for less is a table, an example or a heading.
    private const int ShortestLine = 60;

    private static readonly Ring Ring = Ring.Compile(GuardPolicy.Default);

    /// <summary>Those that the default ring lets pass as they are, as question and as answer.</summary>
    public static IReadOnlyList<string> Texts { get; } = [.. Pieces().Where(Passes)];

    /// <summary>Texts of the same words in other orders, stretches of three to eleven words one behind the other: none comes twice.</summary>
    public static IReadOnlyList<string> Mixed(int count)
    {
        var (random, sentences) = (new Random(5), Texts.SelectMany(text => text.Split(". ")).Select(sentence => sentence.Split(' ')).ToArray());
        return [.. Enumerable.Repeat(0, int.MaxValue).Select(_ => Mix(random, sentences)).Where(Passes).Take(count)];
    }

    private static string Mix(Random random, string[][] sentences)
    {
        var text = new StringBuilder();
        while (text.Length < Length)
        {
            var words = sentences[random.Next(sentences.Length)];
            text.AppendJoin(' ', words.Skip(random.Next(words.Length)).Take(random.Next(3, 12))).Append(random.Next(4) == 0 ? ". " : " ");
        }

        return text.ToString(0, Length);
    }

    private static IEnumerable<string> Pieces()
    {
        var text = new StringBuilder();
        string[] files = [.. Directory.EnumerateFiles(".", "*.md"), .. Directory.EnumerateFiles("docs", "*.md", SearchOption.AllDirectories)];
        foreach (var line in files.Order(StringComparer.Ordinal).SelectMany(File.ReadLines))
        {
            if (line.Length < ShortestLine || !char.IsLetter(line[0]))
            {
                continue;
            }

            text.Append(line.Replace("`", "", StringComparison.Ordinal)).Append(' ');
            if (text.Length >= Length)
            {
                yield return text.ToString(0, Length);
                text.Clear();
            }
        }
    }

    private static bool Passes(string text)
    {
        var ring = Ring.Open(RingContext.None);
        return new[] { ring.ScreenInput([ScanUnit.Input(text)]), ring.ScreenOutput(ScanUnit.Output(text)) }.All(ruling => !ruling.Stops && ruling.FixedText is null);
    }
}
