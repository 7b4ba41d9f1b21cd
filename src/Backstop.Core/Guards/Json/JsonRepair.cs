namespace Backstop.Core.Guards.Json;

/// <summary>Makes JSON out of what models write when they mean JSON, as edits to the original.</summary>
/// <remarks>
/// Every edit is about form: fences and chat around the document, quotation marks, commas, comments, closing brackets,
/// spellings of true, false and null. No key or value is made up, and none is completed: a text that ends inside a string or
/// before a value cannot be repaired. The same text always gives the same edits.
/// </remarks>
public static class JsonRepair
{
    private const int MostCandidates = 16;

    /// <summary>Finds the edits after which the text is one JSON document.</summary>
    /// <returns>No edits when the text is JSON already; null when it cannot be repaired.</returns>
    public static IReadOnlyList<Edit>? Find(ReadOnlySpan<char> text)
    {
        if (JsonParser.Parse(text, out _) is not null)
        {
            return [];
        }

        List<Edit>? best = null;
        var longest = 0;
        var tried = 0;
        for (var at = 0; at < text.Length && tried < MostCandidates; at++)
        {
            if (text[at] is not ('{' or '['))
            {
                continue;
            }

            tried++;
            var reader = new LenientReader(text, at);
            if (reader.ReadDocument() is { } edits && reader.At - at > longest)
            {
                longest = reader.At - at;
                best = Around(edits, at, reader.At, text.Length);
                at = reader.At - 1;
            }
        }

        // The proof of the repair is the strict parser.
        return best is not null && JsonParser.Parse(EditMerger.Apply(text, 0, best), out _) is not null ? best : null;
    }

    private static List<Edit> Around(List<Edit> inside, int start, int end, int length)
    {
        var edits = new List<Edit>();
        if (start > 0)
        {
            edits.Add(new Edit(0, start, "", 0));
        }

        edits.AddRange(inside);
        if (end < length)
        {
            edits.Add(new Edit(end, length - end, "", 0));
        }

        return edits;
    }
}
