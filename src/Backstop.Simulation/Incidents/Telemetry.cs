namespace Backstop.Simulation.Incidents;

/// <summary>What is counted: observations and hits.</summary>
internal enum Counted
{
    Judged,
    Schema,
    Blocks,
    OneCheck,
    InputBlocks,
    Refusals,
    Errors,
    Truncated,
    ToolFailed,
    Feedback,
    HardSubject,
    NewSubject,
    NullFirst,
    NullSecond,
    Violations,
    RetrievalErrors,
    RetrievalEmpty,
    ProviderErrors,
    UnknownPrompt,
    UnknownDigest,
    Attacks,
    OneTemplate,
    JudgeRan,
    Lost,
    Anchors,
    Arrived,
}

/// <summary>What is averaged.</summary>
internal enum Averaged
{
    Latency,
    Length,
    RetrievalLatency,
    RetrievalAge,
    RetrievalScore,
    ProviderLatency,
    FeatureFirst,
    FeatureSecond,
    LabelLag,
}

/// <summary>What the sensors saw of some requests.</summary>
internal sealed class Telemetry
{
    /// <summary>By which the failures are cut, and into how many.</summary>
    public static readonly (string By, int Values)[] Cuts = [("pool", 6), ("region", 2), ("tenant", 10), ("retrieval", 2), ("cached", 2), ("long", 2)];

    private readonly long[] _of = new long[Enum.GetValues<Counted>().Length];
    private readonly long[] _hits = new long[Enum.GetValues<Counted>().Length];
    private readonly (long N, double Sum, double Squares)[] _means = new (long, double, double)[Enum.GetValues<Averaged>().Length];
    private readonly (long Of, long Hits)[][] _slices = [.. Cuts.Select(cut => new (long, long)[cut.Values])];

    /// <summary>Requests, and those of them that ended badly for somebody: the truth, which no sensor sees.</summary>
    public long Requests { get; set; }

    public long Harmed { get; set; }

    /// <summary>Requests and answers that the ring stopped.</summary>
    public long Stopped { get; set; }

    public void Count(Counted what, bool hit)
    {
        _of[(int)what]++;
        _hits[(int)what] += hit ? 1 : 0;
    }

    public void Average(Averaged what, double value)
    {
        ref var mean = ref _means[(int)what];
        mean = (mean.N + 1, mean.Sum + value, mean.Squares + (value * value));
    }

    public void Cut(ReadOnlySpan<int> values, bool failed)
    {
        for (var cut = 0; cut < values.Length; cut++)
        {
            ref var slice = ref _slices[cut][values[cut]];
            slice = (slice.Of + 1, slice.Hits + (failed ? 1 : 0));
        }
    }

    public (long Of, long Hits) Of(Counted what) => (_of[(int)what], _hits[(int)what]);

    public double Share(Counted what) => _of[(int)what] == 0 ? 0 : (double)_hits[(int)what] / _of[(int)what];

    public (long N, double Mean, double Deviation) Of(Averaged what)
    {
        var (n, sum, squares) = _means[(int)what];
        var mean = n == 0 ? 0 : sum / n;
        return (n, mean, n < 2 ? 0 : Math.Sqrt(Math.Max(0, (squares / n) - (mean * mean))));
    }

    public IReadOnlyList<(long Of, long Hits)> Slices(int cut) => _slices[cut];

    /// <summary>One number for how bad it is, for users and for those who look at the instruments. But-for twins are compared by it.</summary>
    public double Trouble
    {
        get
        {
            var harmed = (double)Harmed / Math.Max(1, Requests);
            var apparent = Math.Abs(Share(Counted.Anchors) - 0.03);
            var late = 0.3 * (1 - Share(Counted.Arrived));
            return harmed + ((double)Stopped / Math.Max(1, Requests)) + apparent + (0.98 - Share(Counted.JudgeRan)) + Share(Counted.Lost) + late;
        }
    }
}
