using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;

namespace Backstop.Gateway.Guards;

/// <summary>Asks an embedding model for the vectors of sentences, each once: examples and what was said before come with every message.</summary>
/// <remarks>What is remembered is a hash of each sentence with its vector, and all of it is forgotten when it is too much.</remarks>
internal sealed class EmbeddingExchange(HttpMessageInvoker http)
{
    private const int MostRemembered = 4096;

    private readonly ConcurrentDictionary<string, float[]> _vectors = new(StringComparer.Ordinal);

    public async Task<RemoteAnswer> Ask(RemoteQuestion question, CancellationToken cancel)
    {
        var guard = (RemoteGuard)question.Guard;
        var sentences = Embedding.SentencesOf(question.Text).Select(range => question.Text[range]).ToList();
        if (sentences.Count > Embedding.MostSentences)
        {
            return RemoteAnswer.None(question, CheckFailure.Error, $"the text has more than {Embedding.MostSentences} sentences");
        }

        var known = new Dictionary<string, float[]>(StringComparer.Ordinal);
        var wanted = new List<string>();
        foreach (var sentence in question.Use.Examples.Select(example => example.Sentence).Concat(sentences).Distinct(StringComparer.Ordinal))
        {
            if (_vectors.TryGetValue(KeyOf(guard, sentence), out var vector))
            {
                known[sentence] = vector;
            }
            else
            {
                wanted.Add(sentence);
            }
        }

        if (wanted.Count > 0)
        {
            var (body, failure, reason) = await HttpExchange.Post(http, guard, Embedding.BodyOf(guard, wanted), cancel);
            if (failure is not null || Embedding.Read(body, wanted.Count) is not { } vectors)
            {
                return RemoteAnswer.None(question, failure ?? CheckFailure.Error, failure is null ? "its answer is not of its protocol" : reason);
            }

            Remember(guard, wanted, vectors, known);
        }

        return Embedding.Match(question, sentence => known[sentence]);
    }

    private void Remember(RemoteGuard guard, List<string> sentences, IReadOnlyList<float[]> vectors, Dictionary<string, float[]> known)
    {
        if (_vectors.Count + sentences.Count > MostRemembered)
        {
            _vectors.Clear();
        }

        foreach (var (sentence, vector) in sentences.Zip(vectors))
        {
            known[sentence] = _vectors[KeyOf(guard, sentence)] = vector;
        }
    }

    private static string KeyOf(RemoteGuard guard, string sentence) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes($"{guard.Address}\n{guard.Model}\n{sentence}")));
}
