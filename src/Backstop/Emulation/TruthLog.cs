using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backstop.Emulation;

/// <summary>One line of the truth: what was really sent as the answer to one request.</summary>
internal sealed record TruthLine(
    string RequestId,
    DateTimeOffset Time,
    string Release,
    string Category,
    bool Attack,
    bool Toxic,
    bool SchemaBroken,
    bool? Correct,
    bool Pii,
    string? Expected,
    string Content);

/// <summary>How often what was sent.</summary>
internal sealed record TruthSummary(
    long Answers, long Attacks, long Toxic, long SchemaBroken, long Pii, IReadOnlyDictionary<string, long> Categories);

/// <summary>What the emulator knows about its own answers: counts, and one JSON line for each if a file was named.</summary>
/// <remarks>A line is on disk before the first byte of its answer leaves, so whoever has an answer can look it up.</remarks>
internal sealed class TruthLog : IDisposable
{
    private static readonly JsonSerializerOptions Form = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    private readonly Lock _one = new();
    private readonly SortedDictionary<string, long> _categories = new(StringComparer.Ordinal);
    private readonly StreamWriter? _file;
    private long _answers, _attacks, _toxic, _schemaBroken, _pii;

    /// <param name="path">The file to append to; null keeps counts only.</param>
    public TruthLog(string? path)
    {
        if (path is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            _file = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        }
    }

    public void Add(TruthLine line)
    {
        var text = _file is null ? null : JsonSerializer.Serialize(line, Form);
        lock (_one)
        {
            _answers++;
            _attacks += line.Attack ? 1 : 0;
            _toxic += line.Toxic ? 1 : 0;
            _schemaBroken += line.SchemaBroken ? 1 : 0;
            _pii += line.Pii ? 1 : 0;
            _categories[line.Category] = _categories.GetValueOrDefault(line.Category) + 1;
            _file?.WriteLine(text);
        }
    }

    public TruthSummary Summary()
    {
        lock (_one)
        {
            return new TruthSummary(_answers, _attacks, _toxic, _schemaBroken, _pii, new SortedDictionary<string, long>(_categories, StringComparer.Ordinal));
        }
    }

    /// <summary>Reads a file that was written, for whoever wants to check what users received.</summary>
    public static IEnumerable<TruthLine> Read(string path) =>
        File.ReadLines(path).Select(line => JsonSerializer.Deserialize<TruthLine>(line, Form)!);

    public void Dispose() => _file?.Dispose();
}
