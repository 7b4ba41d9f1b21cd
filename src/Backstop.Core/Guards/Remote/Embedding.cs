using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Guards.Checks;

namespace Backstop.Core.Guards.Remote;

/// <summary>Sentences compared with examples by the vectors that an embedding model gives them.</summary>
public static class Embedding
{
    /// <summary>Most sentences of one text; a longer one cannot be answered about.</summary>
    public const int MostSentences = 256;

    private const int LongestSentence = 600;

    /// <summary>Where the sentences of a text stand, those with a letter or digit in them.</summary>
    public static IReadOnlyList<Range> SentencesOf(string text)
    {
        var (sentences, cutter) = (new List<Range>(), new SentenceCutter(LongestSentence));
        for (var (from, end) = (0, 0); end < text.Length; from = end)
        {
            end = cutter.Next(text, from, final: true);
            var sentence = text.AsSpan(from..end);
            if (sentence.ContainsAnyWord())
            {
                var start = end - sentence.TrimStart().Length;
                sentences.Add(start..(start + sentence.Trim().Length));
            }
        }

        return sentences;
    }

    /// <summary>The body that is posted.</summary>
    public static string BodyOf(RemoteGuard guard, IEnumerable<string> sentences)
    {
        var body = new JsonObject { ["input"] = new JsonArray([.. sentences.Select(sentence => JsonValue.Create(sentence))]) };
        if (guard.Model is { } model)
        {
            body["model"] = model;
        }

        return body.ToJsonString();
    }

    /// <summary>The vectors of an answer, in the order of the sentences, each of length 1; null when it is not such an answer.</summary>
    public static IReadOnlyList<float[]>? Read(string body, int count)
    {
        try
        {
            var vectors = new float[count][];
            foreach (var item in JsonNode.Parse(body).Part("data").AsArray())
            {
                vectors[(int)item.Part("index")] = Unit([.. item.Part("embedding").AsArray().Select(number => (float)number!)]);
            }

            return Array.TrueForAll(vectors, vector => vector is { Length: > 0 } && vector.Length == vectors[0].Length && Array.TrueForAll(vector, float.IsFinite)) ? vectors : null;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or IndexOutOfRangeException or OverflowException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>For each sentence the example that is most alike, when it is alike enough.</summary>
    /// <param name="vectorOf">The vector of a sentence of the text or of an example.</param>
    public static RemoteAnswer Match(RemoteQuestion question, Func<string, float[]> vectorOf)
    {
        var flags = new List<RemoteFlag>();
        var examples = question.Use.Examples.Select(example => vectorOf(example.Sentence)).ToList();
        foreach (var range in SentencesOf(question.Text))
        {
            var (start, length) = range.GetOffsetAndLength(question.Text.Length);
            var vector = vectorOf(question.Text[range]);
            if (examples.Exists(example => example.Length != vector.Length))
            {
                return RemoteAnswer.None(question, CheckFailure.Error, "its vectors are of different lengths");
            }

            var (best, place) = examples.Select((example, i) => (Cosine(example, vector), i)).Max();
            if (best >= question.Use.Threshold)
            {
                flags.Add(new RemoteFlag(question.Use.Examples[place].Intent, Math.Min(best, 1)) { Start = start, Length = length });
            }
        }

        return RemoteAnswer.Of(question, flags);
    }

    private static double Cosine(float[] one, float[] other)
    {
        var sum = 0.0;
        for (var i = 0; i < one.Length; i++)
        {
            sum += one[i] * other[i];
        }

        return sum;
    }

    private static float[] Unit(float[] vector)
    {
        var length = Math.Sqrt(vector.Sum(number => (double)number * number));
        return Array.ConvertAll(vector, number => (float)(number / length));
    }

    private static bool ContainsAnyWord(this ReadOnlySpan<char> sentence)
    {
        foreach (var c in sentence)
        {
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c))
            {
                return true;
            }
        }

        return false;
    }
}
