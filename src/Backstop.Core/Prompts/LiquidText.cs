namespace Backstop.Core.Prompts;

/// <summary>Cuts a Liquid template into what is said in every request and what is filled in.</summary>
/// <remarks>
/// It only looks for where tags begin and end, so it reads any template, also one that a renderer would refuse: then
/// more of it counts as fixed, or less, and nothing fails.
/// </remarks>
public static class LiquidText
{
    /// <summary>The texts between the tags, without comments, without empty ones. Texts of <c>raw</c> blocks are among them.</summary>
    public static IEnumerable<string> FixedTexts(string template) => Pieces(template).Select(piece => piece.Text);

    /// <summary>The same with where each begins and ends, and inside how many conditions and loops.</summary>
    internal static IEnumerable<(string Text, int Depth, int Start, int End)> Pieces(string template)
    {
        var (at, depth) = (0, 0);
        var hidden = "";
        while (at < template.Length)
        {
            var open = NextTag(template, at);
            if (hidden.Length == 0 && open > at && template[at..open].Trim() is { Length: > 0 } text)
            {
                yield return (text, depth, at, open);
            }

            if (open == template.Length)
            {
                yield break;
            }

            (at, var tag) = Tag(template, open);
            if (tag is "raw")
            {
                var end = EndOf("endraw", template, at);
                if (template[at..end].Trim() is { Length: > 0 } raw)
                {
                    yield return (raw, depth, at, end);
                }

                at = end;
            }

            depth += tag is "if" or "unless" or "case" or "for" ? 1 : tag is "endif" or "endunless" or "endcase" or "endfor" ? -1 : 0;
            hidden = tag is "comment" or "doc" ? "end" + tag : tag == hidden ? "" : hidden;
        }
    }

    private static int NextTag(string template, int from)
    {
        for (var i = from; i + 1 < template.Length; i++)
        {
            if (template[i] == '{' && template[i + 1] is '{' or '%')
            {
                return i;
            }
        }

        return template.Length;
    }

    /// <summary>Where a tag ends, and its name; an output has none.</summary>
    private static (int End, string Name) Tag(string template, int open)
    {
        var close = template[open + 1] == '{' ? "}}" : "%}";
        var quote = '\0';
        for (var i = open + 2; i + 1 < template.Length; i++)
        {
            var c = template[i];
            if (quote == '\0' && c == close[0] && template[i + 1] == close[1])
            {
                var inside = template[(open + 2)..i].Trim('-').Trim();
                return (i + 2, close == "}}" ? "" : inside.Split((char[]?)null, 2)[0]);
            }

            quote = quote == c ? '\0' : quote == '\0' && c is '\'' or '"' ? c : quote;
        }

        return (template.Length, "");
    }

    private static int EndOf(string name, string template, int from)
    {
        for (var i = NextTag(template, from); i < template.Length; i = NextTag(template, i + 1))
        {
            if (template[i + 1] == '%' && template[(i + 2)..].TrimStart('-').TrimStart().StartsWith(name, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return template.Length;
    }
}
