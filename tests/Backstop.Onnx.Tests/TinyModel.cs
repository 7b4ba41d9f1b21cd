using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Backstop.Onnx.Tests;

/// <summary>A classifier that these tests train and export: each word has a weight for each label, and a text is the sum of its words.</summary>
/// <remarks>Logistic regression by gradient descent. Its graph is the smallest that reads tokens as the large ones do.</remarks>
internal sealed class TinyModel
{
    private const int Rounds = 300;
    private const double Step = 0.5;
    private static readonly string[] Marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];

    private readonly double[,] _weights;
    private readonly int _labels;

    private TinyModel(string[] vocabulary, double[,] weights, int labels) => (Vocabulary, _weights, _labels) = (vocabulary, weights, labels);

    public string[] Vocabulary { get; }

    public byte[] VocabularyFile => Encoding.UTF8.GetBytes(string.Join('\n', Vocabulary) + "\n");

    /// <summary>Two classes that exclude each other, the second being the one that is looked for.</summary>
    public static TinyModel Train(IReadOnlyList<string> harmless, IReadOnlyList<string> harmful)
    {
        string[] vocabulary = [.. Marks, .. harmless.Concat(harmful).SelectMany(WordsOf).Distinct().Order(StringComparer.Ordinal)];
        var numberOf = vocabulary.Index().ToDictionary(word => word.Item, word => word.Index);
        var weights = new double[vocabulary.Length, 2];
        var samples = harmless.Select(text => (text, is_harmful: 0)).Concat(harmful.Select(text => (text, is_harmful: 1))).ToList();
        for (var round = 0; round < Rounds; round++)
        {
            foreach (var (text, label) in samples)
            {
                var words = WordsOf(text).Select(word => numberOf[word]).ToList();
                var sum = words.Sum(word => weights[word, 1] - weights[word, 0]);
                var error = label - (1 / (1 + Math.Exp(-sum)));
                foreach (var word in words)
                {
                    weights[word, 1] += Step * error / words.Count;
                    weights[word, 0] -= Step * error / words.Count;
                }
            }
        }

        return new(vocabulary, weights, 2);
    }

    /// <summary>What the exported graph must put out, summed here.</summary>
    public double[] Outputs(string text)
    {
        var outputs = new double[_labels];
        foreach (var word in WordsOf(text))
        {
            var number = Array.IndexOf(Vocabulary, word) is var found and >= 0 ? found : 1;
            for (var label = 0; label < _labels; label++)
            {
                outputs[label] += _weights[number, label];
            }
        }

        return outputs;
    }

    /// <summary>As ONNX: <c>logits = ReduceSum(Gather(weights, input_ids) * Unsqueeze(Cast(attention_mask), 2), 1)</c>.</summary>
    /// <param name="input">The name of its first input; another than usual makes a model that cannot be run here.</param>
    public byte[] Export(string input = "input_ids")
    {
        var values = new float[Vocabulary.Length * _labels];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)_weights[i / _labels, i % _labels];
        }

        var graph = new ProtoMessage()
            .Message(1, Node("Gather", ["weights", input], "words"))
            .Message(1, Node("Cast", ["attention_mask"], "mask").Message(5, new ProtoMessage().Text(1, "to").Number(3, 1).Number(20, 2)))
            .Message(1, Node("Unsqueeze", ["mask", "last"], "masks"))
            .Message(1, Node("Mul", ["words", "masks"], "counted"))
            .Message(1, Node("ReduceSum", ["counted", "middle"], "logits").Message(5, new ProtoMessage().Text(1, "keepdims").Number(3, 0).Number(20, 2)))
            .Text(2, "tiny")
            .Message(5, Tensor("weights", 1, MemoryMarshal.AsBytes(values.AsSpan()), Vocabulary.Length, _labels))
            .Message(5, Tensor("last", 7, BitConverter.GetBytes(2L), 1))
            .Message(5, Tensor("middle", 7, BitConverter.GetBytes(1L), 1))
            .Message(11, Value(input, 7, "batch", "tokens"))
            .Message(11, Value("attention_mask", 7, "batch", "tokens"))
            .Message(12, Value("logits", 1, "batch", "labels"));
        return new ProtoMessage().Number(1, 8).Text(2, "backstop tests").Message(7, graph).Message(8, new ProtoMessage().Text(1, "").Number(2, 13)).ToArray();
    }

    public static string Digest(byte[] file) => Convert.ToHexStringLower(SHA256.HashData(file));

    private static IEnumerable<string> WordsOf(string text) => text.ToLowerInvariant().Split(' ');

    private static ProtoMessage Node(string kind, string[] inputs, string output)
    {
        var node = new ProtoMessage();
        Array.ForEach(inputs, input => node.Text(1, input));
        return node.Text(2, output).Text(3, output).Text(4, kind);
    }

    private static ProtoMessage Tensor(string name, int kind, ReadOnlySpan<byte> values, params int[] sizes)
    {
        var tensor = new ProtoMessage();
        Array.ForEach(sizes, size => tensor.Number(1, size));
        return tensor.Number(2, kind).Text(8, name).Bytes(9, values);
    }

    private static ProtoMessage Value(string name, int kind, params string[] sizes)
    {
        var shape = new ProtoMessage();
        Array.ForEach(sizes, size => shape.Message(1, new ProtoMessage().Text(2, size)));
        return new ProtoMessage().Text(1, name).Message(2, new ProtoMessage().Message(1, new ProtoMessage().Number(1, kind).Message(2, shape)));
    }
}
