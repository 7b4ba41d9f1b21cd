namespace Backstop.Onnx;

/// <summary>Turns a text into the numbers a model reads.</summary>
/// <param name="Encode">The tokens of a piece of text, without those that begin and end one.</param>
/// <param name="Begin">The token that begins a text.</param>
/// <param name="End">The token that ends it.</param>
internal sealed record TextEncoder(Func<string, IReadOnlyList<int>> Encode, int Begin, int End)
{
    // A tokenizer cannot be stopped: what is given to it at once is bounded.
    private const int Piece = 4096;

    /// <summary>The text in windows of at most <paramref name="maxTokens"/> tokens that share <paramref name="overlap"/> with the next.</summary>
    public IEnumerable<long[]> Windows(string text, int maxTokens, int overlap, CancellationToken left)
    {
        var tokens = new List<long>();
        for (var from = 0; from < text.Length; left.ThrowIfCancellationRequested())
        {
            var end = EndOf(text, from);
            foreach (var token in Encode(text[from..end]))
            {
                tokens.Add(token);
            }

            from = end;
        }

        var room = maxTokens - 2;
        for (var from = 0; ; from += room - overlap)
        {
            var count = Math.Min(room, tokens.Count - from);
            yield return [Begin, .. tokens.GetRange(from, count), End];
            if (from + count == tokens.Count)
            {
                yield break;
            }
        }
    }

    // Cut before white space, which belongs to the word after it: no token crosses it. A word longer than a piece is cut.
    private static int EndOf(string text, int from)
    {
        if (text.Length - from <= Piece)
        {
            return text.Length;
        }

        var end = from + Piece;
        while (end > from + 1 && !char.IsWhiteSpace(text[end]))
        {
            end--;
        }

        return end > from + 1 ? end : char.IsHighSurrogate(text[from + Piece - 1]) ? from + Piece - 1 : from + Piece;
    }
}
