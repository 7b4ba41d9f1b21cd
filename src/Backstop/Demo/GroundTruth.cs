using System.Text.Json;
using Backstop.CommandLine;
using Backstop.Emulation;

namespace Backstop.Demo;

/// <summary>Reads what a pool's servers recorded about their own answers, as it grows.</summary>
internal sealed class GroundTruth(Pool pool)
{
    private readonly List<TruthLine> _answers = [];
    private long _read;

    public Pool Pool { get; } = pool;

    /// <summary>The answers recorded so far that were meant for users: gates, probes and warm-ups have other ids.</summary>
    public IReadOnlyList<TruthLine> Read()
    {
        if (!File.Exists(Pool.Answers))
        {
            return _answers;
        }

        using var file = new FileStream(Pool.Answers, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(_read, SeekOrigin.Begin);
        using var reader = new StreamReader(file);
        var grown = reader.ReadToEnd();
        var end = grown.LastIndexOf('\n') + 1; // The last line may still be half written.
        _read += System.Text.Encoding.UTF8.GetByteCount(grown.AsSpan(0, end));
        foreach (var line in grown[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var answer = JsonSerializer.Deserialize<TruthLine>(line, JsonOutput.Options)!;
            if (answer.RequestId.StartsWith(Traffic.IdPrefix, StringComparison.Ordinal))
            {
                _answers.Add(answer);
            }
        }

        return _answers;
    }
}
