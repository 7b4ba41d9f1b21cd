using System.Text.Json;
using Backstop.CommandLine;
using Backstop.Core.Gates;
using Backstop.Core.Registry;

namespace Backstop.Commands;

/// <summary>The outcomes of a run, a line each, so that a broken run can be taken up. Another suite or release in the same file is left alone.</summary>
internal sealed class ResultBook : IDisposable
{
    private readonly StreamWriter? _file;
    private readonly string _suite;
    private readonly string _release;

    private ResultBook(StreamWriter? file, string suite, string release) => (_file, _suite, _release) = (file, suite, release);

    /// <summary>What an earlier run learnt of this suite and release.</summary>
    public Dictionary<(string Case, int Sample), RunOutcome> Known { get; } = [];

    public static ResultBook Open(FileInfo? file, Suite suite, Release release)
    {
        if (file is null)
        {
            return new(null, suite.Digest, release.Digest);
        }

        var lines = file.Exists ? File.ReadAllLines(file.FullName) : [];
        var book = new ResultBook(file.AppendText(), suite.Digest, release.Digest);
        foreach (var line in lines)
        {
            book.Take(line);
        }

        return book;
    }

    public void Add(string id, int sample, RunOutcome outcome)
    {
        var (verdict, why) = outcome switch
        {
            RunOutcome.Failed failed => ("failed", failed.Check),
            RunOutcome.Unknown unknown => ("unknown", unknown.Reason),
            _ => ("passed", (string?)null),
        };
        _file?.WriteLine(JsonSerializer.Serialize(new Row(_suite, _release, id, sample, verdict, why), JsonOutput.Lines));
        _file?.Flush();
    }

    public void Dispose() => _file?.Dispose();

    private void Take(string line)
    {
        try
        {
            if (JsonSerializer.Deserialize<Row>(line, JsonOutput.Lines) is { } row && row.Suite == _suite && row.Release == _release)
            {
                Known[(row.Case, row.Sample)] = row.Outcome switch
                {
                    "passed" => RunOutcome.Passed.Instance,
                    "failed" => new RunOutcome.Failed(row.Why ?? "?"),
                    _ => new RunOutcome.Unknown(row.Why ?? "?"),
                };
            }
        }
        catch (JsonException)
        {
            // The line that was being written when the run broke; it is asked again.
        }
    }

    private sealed record Row(string Suite, string Release, string Case, int Sample, string Outcome, string? Why);
}
