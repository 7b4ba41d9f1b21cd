namespace Backstop.Onnx;

/// <summary>Writes the pieces of a Unigram tokenizer as SentencePiece keeps them, for who reads only that.</summary>
/// <remarks>Fields as in sentencepiece_model.proto: pieces are 1, what they were trained with 2, how texts are made uniform 3.</remarks>
internal static class SentencePieceFile
{
    private const int Normal = 1, Unknown = 2, Control = 3, UnigramModel = 1;

    /// <param name="pieces">Each with the logarithm of its probability, at its number.</param>
    /// <param name="map">How characters are replaced before, in SentencePiece's compiled form; empty for not at all.</param>
    public static byte[] Of(IReadOnlyList<(string Text, float Score)> pieces, int unknown, int begin, int end, byte[] map)
    {
        var file = new ProtoMessage();
        for (var i = 0; i < pieces.Count; i++)
        {
            var kind = i == unknown ? Unknown : i == begin || i == end ? Control : Normal;
            file.Message(1, new ProtoMessage().Text(1, pieces[i].Text).Float(2, pieces[i].Score).Number(3, kind));
        }

        // Before the first word a space, between words one and no more, and a mark in its place.
        var uniform = new ProtoMessage().Number(3, 1).Number(4, 1).Number(5, 1);
        return file
            .Message(2, new ProtoMessage().Number(3, UnigramModel).Number(40, unknown).Number(41, begin).Number(42, end))
            .Message(3, map.Length == 0 ? uniform : uniform.Bytes(2, map))
            .ToArray();
    }
}
