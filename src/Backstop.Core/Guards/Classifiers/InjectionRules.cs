using System.Buffers;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>How strongly a stretch of text tries to take over the model that reads it.</summary>
/// <remarks>
/// Attempts are built alike in every language: a word for setting aside near a word for rules, a demand to hand over what is
/// kept, a role without limits, or the marks that separate messages. Each construction is evidence of a certain weight; two
/// independent ones add up. The classifier takes the sum as one of its features.
/// </remarks>
public sealed class InjectionRules(AbuseLexicon lexicon)
{
    private const int Near = 6;

    private static readonly string[] Markers =
        ["<|im_start|>", "<|im_end|>", "<|system|>", "[inst]", "<<sys>>", "### system", "###system", "[system]", "<system>", "begin_of_text"];

    // What every marker has: a search that minds no case is slow, and nearly no text needs it.
    private static readonly SearchValues<char> MarkerSigns = SearchValues.Create("<[#_");

    private static readonly (string Phrase, double Weight)[] Phrases =
    [
        ("do anything now", 0.9), ("developer mode", 0.8), ("no restrictions", 0.6), ("without any restrictions", 0.6),
        ("no ethical", 0.6), ("never refuse", 0.6), ("cannot refuse", 0.6), ("will not refuse", 0.6), ("can not refuse", 0.6),
        ("stay in character", 0.5), ("from now on you", 0.5), ("you are now", 0.4), ("you are going to", 0.2), ("new instructions", 0.5),
        ("instead of that", 0.3), ("stop everything", 0.5), ("system prompt", 0.5), ("you are free", 0.4), ("broken free", 0.7),
        ("content policy", 0.5), ("openai policy", 0.6), ("ethical guidelines", 0.4), ("hypothetical response", 0.4),
        ("in the next conversation", 0.4), ("end of input", 0.4), ("user input ends", 0.5), ("translate the above", 0.5),
        ("repeat the above", 0.7), ("everything above", 0.6), ("text above", 0.4), ("words above", 0.6), ("said above", 0.4),
        ("as an ai language model", 0.2), ("no longer bound", 0.7), ("not bound by", 0.5), ("has no rules", 0.7), ("no rules", 0.5),
        ("no limits", 0.4), ("two responses", 0.5), ("both ways", 0.3), ("ignore that", 0.4), ("forget that", 0.3), ("pwned", 0.7),
        ("忽略", 0.5), ("无视", 0.5), ("指令", 0.3), ("提示词", 0.4), ("無視", 0.5), ("指示", 0.3), ("무시", 0.5), ("지시", 0.3),
        ("تجاهل", 0.6), ("التعليمات", 0.3), ("नजरअंदाज", 0.5), ("निर्देश", 0.3), ("अनदेखा", 0.5),
    ];

    // All at once: fifty searches for one phrase each would cost more than all else.
    private static readonly SearchValues<string> AnyLatinPhrase =
        SearchValues.Create([.. Phrases.Select(phrase => phrase.Phrase).Where(phrase => phrase.All(char.IsAscii))], StringComparison.Ordinal);

    /// <summary>Weighs one window; <paramref name="folded"/> is the same text folded.</summary>
    /// <returns>From 0 to 1.</returns>
    public double Score(ReadOnlySpan<char> text, FoldedText folded)
    {
        var miss = 1.0;
        foreach (var marker in text.ContainsAny(MarkerSigns) ? Markers : [])
        {
            miss *= text.Contains(marker, StringComparison.OrdinalIgnoreCase) ? 0.2 : 1;
        }

        return 1 - (miss * MissOfConstructions(folded) * MissOfPhrases(folded));
    }

    private double MissOfConstructions(FoldedText text)
    {
        Span<int> last = stackalloc int[128];
        last.Fill(-1000);
        var (overrides, reveals, roles, says) = (0.0, 0.0, 0.0, 0.0);
        for (var i = 0; i < text.Count; i++)
        {
            var kind = lexicon.Find(text, i).Kind;
            if (kind == '\0')
            {
                continue;
            }

            if (kind is 'r' or 'a' && i - last['o'] <= Near)
            {
                overrides = Math.Max(overrides, kind == 'r' ? (i - last['a'] <= Near ? 0.95 : 0.75) : 0.5);
            }

            if (kind is 's' or 'r' && i - last['e'] <= Near)
            {
                reveals = Math.Max(reveals, kind == 's' ? 0.45 : i - last['s'] <= 3 ? 0.8 : 0.35);
            }

            if (kind == 'u')
            {
                roles = Math.Max(roles, i - last['p'] <= 12 ? 0.75 : 0.4);
            }

            says = kind == 'j' ? 0.6 : says;
            last[kind] = i;
        }

        return (1 - overrides) * (1 - reveals) * (1 - roles) * (1 - says);
    }

    private static double MissOfPhrases(FoldedText text)
    {
        var words = text.Joined();
        var miss = 1.0;
        if (!words.ContainsAny(AnyLatinPhrase) && !words.ContainsAnyExceptInRange('\0', '\x7f'))
        {
            return miss;
        }

        foreach (var (phrase, weight) in Phrases)
        {
            miss *= words.Contains(phrase, StringComparison.Ordinal) ? 1 - weight : 1;
        }

        return miss;
    }
}
