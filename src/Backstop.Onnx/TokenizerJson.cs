using System.Text.Json.Nodes;
using Microsoft.ML.Tokenizers;

namespace Backstop.Onnx;

/// <summary>Reads <c>tokenizer.json</c>, which says of itself what it does: WordPiece, byte-level BPE or Unigram.</summary>
/// <remarks>A step of it that is not known is refused: other numbers would be a model that judges another text.</remarks>
internal static class TokenizerJson
{
    public static TextEncoder Read(byte[] bytes)
    {
        var file = JsonNode.Parse(bytes) as JsonObject ?? throw new FormatException("the tokenizer is not a JSON object.");
        var (model, numbers) = (file["model"]!.AsObject(), Numbers(file));
        return ((string?)model["type"] ?? "BPE") switch
        {
            "WordPiece" => WordPiece(model, file, numbers),
            "BPE" => Bpe(model, file, numbers),
            "Unigram" => Unigram(model, file, numbers),
            var kind => throw new FormatException($"tokenizers of type {kind} cannot be read."),
        };
    }

    private static TextEncoder WordPiece(JsonObject model, JsonObject file, (int Begin, int End) numbers)
    {
        var normalizer = file["normalizer"] as JsonObject;
        Expect(normalizer, "normalizer", "BertNormalizer");
        Expect(file["pre_tokenizer"] as JsonObject, "pre_tokenizer", "BertPreTokenizer");
        var lowerCase = (bool?)normalizer?["lowercase"] ?? false;
        var encoder = TokenizerFile.WordPieces(
            Pieces(model), lowerCase, (bool?)normalizer?["strip_accents"] ?? lowerCase, (bool?)normalizer?["handle_chinese_chars"] ?? false);
        return encoder with { Begin = numbers.Begin, End = numbers.End };
    }

    private static TextEncoder Bpe(JsonObject model, JsonObject file, (int Begin, int End) numbers)
    {
        Expect(file["pre_tokenizer"] as JsonObject, "pre_tokenizer", "ByteLevel");
        Expect(file["normalizer"] as JsonObject, "normalizer");
        var prefix = (bool?)file["pre_tokenizer"]?["add_prefix_space"] == true ? " " : "";
        var tokenizer = BpeTokenizer.Create(new BpeOptions(model["vocab"]!.AsObject().Select(piece => KeyValuePair.Create(piece.Key, (int)piece.Value!)))
        {
            // Written as "a b" once, and as ["a", "b"] today.
            Merges = model["merges"]!.AsArray().Select(merge => merge is JsonArray pair ? $"{pair[0]} {pair[1]}" : (string)merge!),
            ByteLevel = true,
            PreTokenizer = new RobertaPreTokenizer(),
        });
        return new(text => tokenizer.EncodeToIds(prefix.Length > 0 && !char.IsWhiteSpace(text[0]) ? prefix + text : text), numbers.Begin, numbers.End);
    }

    private static TextEncoder Unigram(JsonObject model, JsonObject file, (int Begin, int End) numbers)
    {
        var normalizers = file["normalizer"] is not JsonObject normalizer ? []
            : (string?)normalizer["type"] == "Sequence" ? normalizer["normalizers"]!.AsArray().Select(step => step!.AsObject()).ToList() : [normalizer];
        normalizers.ForEach(step => Expect(step, "normalizer", "Precompiled", "Strip", "Replace"));
        var before = file["pre_tokenizer"] as JsonObject;
        Expect((string?)before?["type"] == "Sequence" ? before["pretokenizers"]!.AsArray()[^1]!.AsObject() : before, "pre_tokenizer", "Metaspace");
        var map = (string?)normalizers.Find(step => step.ContainsKey("precompiled_charsmap"))?["precompiled_charsmap"];
        var pieces = model["vocab"]!.AsArray().Select(piece => ((string)piece![0]!, (float)piece[1]!)).ToList();
        var encoder = TokenizerFile.SentencePieces(SentencePieceFile.Of(pieces, (int?)model["unk_id"] ?? 0, numbers.Begin, numbers.End, Convert.FromBase64String(map ?? "")));
        return encoder with { Begin = numbers.Begin, End = numbers.End };
    }

    private static IReadOnlyList<string> Pieces(JsonObject model)
    {
        var numbered = model["vocab"]!.AsObject().ToDictionary(piece => (int)piece.Value!, piece => piece.Key);
        return [.. Enumerable.Range(0, numbered.Keys.Max() + 1).Select(number => numbered.GetValueOrDefault(number, $"[unused-{number}]"))];
    }

    /// <summary>The numbers of the tokens that begin and end a text.</summary>
    private static (int Begin, int End) Numbers(JsonObject file) => file["post_processor"] switch
    {
        JsonObject marks when (string?)marks["type"] == "TemplateProcessing" && marks["single"] is JsonArray { Count: 3 } single =>
            (Number(marks, (string?)single[0]?["SpecialToken"]?["id"]), Number(marks, (string?)single[2]?["SpecialToken"]?["id"])),
        JsonObject marks when (string?)marks["type"] is "BertProcessing" or "RobertaProcessing" => ((int)marks["cls"]![1]!, (int)marks["sep"]![1]!),
        _ => throw new FormatException("the tokenizer does not say which tokens begin and end a text."),
    };

    private static int Number(JsonObject marks, string? token) => token is not null && marks["special_tokens"]?[token]?["ids"] is JsonArray { Count: 1 } ids
        ? (int)ids[0]!
        : throw new FormatException("the tokenizer does not say which tokens begin and end a text.");

    private static void Expect(JsonObject? step, string part, params string[] known)
    {
        if (step is not null && !known.Contains((string?)step["type"]))
        {
            throw new FormatException($"its {part} is {step["type"]}, which is not known here ({string.Join(", ", known)}).");
        }
    }
}
