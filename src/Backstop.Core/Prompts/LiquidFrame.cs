using System.Collections.Immutable;

namespace Backstop.Core.Prompts;

/// <summary>What of a template stands in every rendering of it, whatever is filled in.</summary>
internal sealed class LiquidFrame
{
    private readonly ImmutableArray<string> _texts;
    private readonly bool _begins;
    private readonly bool _ends;

    private LiquidFrame(ImmutableArray<string> texts, bool begins, bool ends) => (_texts, _begins, _ends) = (texts, begins, ends);

    /// <summary>The frame of a template; one that nothing fits when too little of it is fixed to tell it from others.</summary>
    public static LiquidFrame Of(string template)
    {
        var pieces = LiquidText.Pieces(template).ToList();
        ImmutableArray<string> texts = [.. pieces.Where(p => p.Depth == 0).Select(p => p.Text)];
        var words = texts.Sum(t => t.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);
        return words < Fingerprints.RunWords
            ? new([], false, false)
            : new(texts, pieces[0] is { Depth: 0, Start: var start } && template[..start].AsSpan().IsWhiteSpace(), pieces[^1] is { Depth: 0, End: var end } && template.AsSpan(end).IsWhiteSpace());
    }

    /// <summary>Whether a text can be a rendering.</summary>
    /// <param name="text">Without white space around it.</param>
    public bool Fits(string text)
    {
        var at = 0;
        for (var i = 0; i < _texts.Length; i++)
        {
            var piece = _texts[i];
            var last = i == _texts.Length - 1 && _ends;
            var found = i == 0 && _begins ? (text.StartsWith(piece, StringComparison.Ordinal) ? 0 : -1)
                : last ? (text.EndsWith(piece, StringComparison.Ordinal) ? text.Length - piece.Length : -1)
                : text.IndexOf(piece, at, StringComparison.Ordinal);
            if (found < at || (last && found + piece.Length != text.Length))
            {
                return false;
            }

            at = found + piece.Length;
        }

        return !_texts.IsEmpty;
    }
}
