using System.Text;
using Backstop.Core.Guards.Remote;
using Microsoft.ML.Tokenizers;

namespace Backstop.Onnx;

/// <summary>Reads the file that says how a model's texts become numbers.</summary>
internal static class TokenizerFile
{
    /// <exception cref="FormatException">It is none that can be read; the message says why.</exception>
    public static TextEncoder Read(ModelGuard model, byte[] bytes)
    {
        try
        {
            return model.Tokenizer.Kind switch
            {
                ".txt" => WordPieces(Encoding.UTF8.GetString(bytes).ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'), model.LowerCase, model.LowerCase, separateCjk: true),
                ".model" => SentencePieces(bytes),
                _ => TokenizerJson.Read(bytes),
            };
        }
        catch (Exception e) when (e is not (FormatException or OutOfMemoryException))
        {
            throw new FormatException($"'{model.Tokenizer.Path}' is no tokenizer: {e.Message}", e);
        }
    }

    /// <summary>WordPiece, as BERT and its descendants read.</summary>
    /// <param name="vocabulary">The pieces, each at its number.</param>
    public static TextEncoder WordPieces(IReadOnlyList<string> vocabulary, bool lowerCase, bool stripAccents, bool separateCjk)
    {
        // Without marks of its own it takes none from a text: what a user writes is never one, even when it looks like one.
        var words = new BertWords(lowerCase, stripAccents, separateCjk);
        var tokenizer = WordPieceTokenizer.Create(
            new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', vocabulary))), new WordPieceOptions { PreTokenizer = words, UnknownToken = "[UNK]" });
        return new(text => tokenizer.EncodeToIds(words.Separate(text)), NumberOf("[CLS]"), NumberOf("[SEP]"));

        int NumberOf(string mark) => vocabulary.Index().FirstOrDefault(piece => piece.Item == mark, (Index: -1, Item: "")).Index is >= 0 and var number
            ? number
            : throw new FormatException($"its vocabulary has no {mark}.");
    }

    /// <summary>SentencePiece, whose numbers are the places of its pieces.</summary>
    public static TextEncoder SentencePieces(byte[] model)
    {
        using var stream = new MemoryStream(model);
        var tokenizer = SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false);
        IReadOnlyList<int> Encode(string text) => tokenizer.EncodeToIds(text, addBeginningOfSentence: false, addEndOfSentence: false);
        return tokenizer.Vocabulary.TryGetValue("[CLS]", out var begin) && tokenizer.Vocabulary.TryGetValue("[SEP]", out var end)
            ? new(Encode, begin, end)
            : new(Encode, tokenizer.BeginningOfSentenceId, tokenizer.EndOfSentenceId);
    }
}
