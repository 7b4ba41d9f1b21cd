using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Core.Inputs;

/// <summary>One thing that requests bring with them, held against how it was in its first week: a share of hits, or where values fall.</summary>
/// <remarks>
/// It learns first: where the deciles of its values lie, from a thousand of them, and then, for a week and over twenty-four hours with requests
/// at the least, the most that any hour had in each bin. So what rises and falls with the hour or with the day of the week is no drift:
/// who has not seen a weekend cannot tell it from one. After that nothing is learnt any more, and a change that takes weeks is found as
/// well as one that takes a minute. A bin's ceiling is its highest hour, and a fifth or two points on top.
/// </remarks>
public sealed class DriftStream
{
    private const long FewestValues = 1000;
    private const long FewestOfHour = 100;
    private const int FewestHours = 24;
    private const int HoursOfWeek = 7 * 24;
    private const int MinutesOfHour = 60;
    private const double LeastMargin = 0.02;
    private const double RelativeMargin = 0.2;
    private const double HighestCeiling = 0.9;

    // Below this the bets have lost what they had won: the change, if there was one, is over.
    private static readonly double Over = Math.Log(10);

    private readonly ValueCounts _shape = new();
    private long[] _minute;
    private long[] _since;
    private InputCount _sinceSums;
    private DriftTest? _test;

    /// <summary>A stream from its beginning, or as it was stored.</summary>
    public DriftStream(State state)
    {
        Known = state;
        _minute = new long[Cells];
        _since = state.Since.Length == Cells ? [.. state.Since] : new long[Cells];
        _sinceSums = state.SinceSums;
        _test = HasLearnt ? Test(state.Bets) : null;
    }

    /// <summary>What it knows.</summary>
    public State Known { get; private set; }

    /// <summary>Whether it still learns.</summary>
    public bool Learns => _test is null;

    /// <summary>The evidence of a drift in nats; minus infinity while it learns.</summary>
    public double LogValue => _test?.LogValue ?? double.NegativeInfinity;

    /// <summary>When what speaks for a drift began.</summary>
    public DateTimeOffset Onset => DateTimeOffset.FromUnixTimeSeconds(60 * Known.OnsetMinute);

    /// <summary>Whether values fall into bins here; if not, some are hits.</summary>
    public bool IsOfValues => Known.Signal is InputSignal.FeatureValues or InputSignal.RetrievalAge or InputSignal.RetrievalScore;

    private bool HasLearnt => Known.Hours >= FewestHours && Known.HourOf >= Known.FirstHour + HoursOfWeek;

    private int Cells => IsOfValues ? Known.Edges.Length + 1 : 2;

    /// <summary>Takes in what a gateway counted.</summary>
    public void Add(InputCount count)
    {
        if (!IsOfValues)
        {
            _minute[0] += count.Hits;
            _minute[1] += count.N - count.Hits;
        }
        else if (Known.Edges.IsEmpty)
        {
            foreach (var bin in count.Values)
            {
                _shape.Add(bin);
            }
        }
        else
        {
            foreach (var (bin, n) in count.Values)
            {
                _minute[CellOf(bin)] += n;
            }
        }

        if (Learns)
        {
            Known = Known with { Sums = Known.Sums.Add(count) };
        }
        else
        {
            _sinceSums = _sinceSums.Add(count);
        }
    }

    /// <summary>A minute is over.</summary>
    /// <param name="isQuiet">Whether nothing else says that requests are not as usual: only then is anything learnt.</param>
    public void Close(long minute, bool isQuiet)
    {
        if (_test is { } test)
        {
            test.Add(_minute);
            Add(_minute, _since);
            if (test.LogValue < Over)
            {
                Array.Clear(_since);
                _sinceSums = new(Known.Signal, Known.What, 0);
                Known = Known with { OnsetMinute = minute + 1, IsTold = false };
            }
        }
        else if (isQuiet)
        {
            Learn(minute);
        }

        Array.Clear(_minute);
    }

    /// <summary>Says that a person was told of the drift.</summary>
    public void Told() => Known = Known with { IsTold = true };

    /// <summary>Forgets how it was and learns how it is.</summary>
    public void Relearn() => (Known, _minute, _since, _test) =
        (new(Known.Signal, Known.What, new(Known.Signal, Known.What, 0)), new long[IsOfValues ? 1 : 2], new long[IsOfValues ? 1 : 2], null);

    /// <summary>What is to be stored.</summary>
    public State Stored() => Known with { Bets = _test?.Bets ?? [], Since = [.. _since], SinceSums = _sinceSums };

    /// <summary>Of all values since the onset.</summary>
    public InputCount SinceOnset => _sinceSums;

    /// <summary>How far the values have moved as a whole: the population stability index over the bins, for display.</summary>
    public double StabilityIndex()
    {
        var (before, since) = (Known.Reference.Sum(), _since.Sum());
        return Enumerable.Range(0, Cells).Sum(cell =>
        {
            var (was, now) = ((Known.Reference[cell] + 0.5) / (before + (0.5 * Cells)), (_since[cell] + 0.5) / (since + (0.5 * Cells)));
            return (now - was) * Math.Log(now / was);
        });
    }

    private void Learn(long minute)
    {
        if (IsOfValues && Known.Edges.IsEmpty)
        {
            if (_shape.Total >= FewestValues)
            {
                // What never varies may begin to, on either side.
                var edges = _shape.EdgesAt(Enumerable.Range(1, 9).Select(d => d / 10.0));
                Known = Known with { Edges = edges.IsEmpty ? [_shape.Bins[0].Bin - 1, _shape.Bins[0].Bin] : edges };
                (_minute, _since) = (new long[Cells], new long[Cells]);
            }

            return;
        }

        var (reference, hour, now) = (Padded(Known.Reference), Padded(Known.Hour), minute / MinutesOfHour);
        Add(_minute, hour);
        if (now == Known.HourOf)
        {
            Known = Known with { Hour = [.. hour] };
            return;
        }

        var (total, isEnough) = (hour.Sum(), hour.Sum() >= FewestOfHour);
        if (isEnough)
        {
            Add(hour, reference);
            var highest = Known.Highest.IsEmpty ? new double[Cells] : [.. Known.Highest];
            Known = Known with { Highest = [.. highest.Select((h, cell) => Math.Max(h, (double)hour[cell] / total))] };
        }

        // An hour with few requests goes on into the next.
        Known = Known with
        {
            FirstHour = Known.Hours == 0 ? now : Known.FirstHour,
            HourOf = now,
            Hour = isEnough ? [] : [.. hour],
            Hours = Known.Hours + (isEnough ? 1 : 0),
            Reference = [.. reference],
        };
        if (HasLearnt)
        {
            _test = Test([]);
            Known = Known with { OnsetMinute = minute + 1 };
        }

        long[] Padded(ImmutableArray<long> counts) => counts.IsEmpty ? new long[Cells] : [.. counts];
    }

    private DriftTest Test(ImmutableArray<double> bets) => new(
        [.. Known.Highest.Select((highest, cell) => IsOfValues || cell == 0
            ? Math.Min(HighestCeiling, highest + Math.Max(LeastMargin, RelativeMargin * highest))
            : (double?)null)],
        bets);

    private int CellOf(int bin)
    {
        var cell = 0;
        while (cell < Known.Edges.Length && bin > Known.Edges[cell])
        {
            cell++;
        }

        return cell;
    }

    private static void Add(long[] from, long[] to)
    {
        for (var cell = 0; cell < from.Length; cell++)
        {
            to[cell] += from[cell];
        }
    }

    /// <summary>What a stream knows, as it is stored.</summary>
    /// <param name="Sums">Of all values that it learnt from.</param>
    public sealed record State(InputSignal Signal, string What, InputCount Sums)
    {
        /// <summary>The bins of <see cref="ValueCounts"/> at which its own end; empty for hits, and while their places are not known.</summary>
        public ImmutableArray<int> Edges { get => field.IsDefault ? [] : field; init; }

        /// <summary>By bin: how many values it learnt from.</summary>
        public ImmutableArray<long> Reference { get => field.IsDefault ? [] : field; init; }

        /// <summary>By bin: its highest share in an hour.</summary>
        public ImmutableArray<double> Highest { get => field.IsDefault ? [] : field; init; }

        /// <summary>By bin: counts of the hour that is learnt from.</summary>
        public ImmutableArray<long> Hour { get => field.IsDefault ? [] : field; init; }

        /// <summary>Number of that hour.</summary>
        public long HourOf { get; init; }

        /// <summary>Number of the hour in which it began to learn.</summary>
        public long FirstHour { get; init; }

        /// <summary>How many hours it learnt from.</summary>
        public int Hours { get; init; }

        /// <summary>How the bets of the test stand.</summary>
        public ImmutableArray<double> Bets { get => field.IsDefault ? [] : field; init; }

        /// <summary>By bin: how many values came since the onset.</summary>
        public ImmutableArray<long> Since { get => field.IsDefault ? [] : field; init; }

        /// <summary>Of all values since the onset.</summary>
        public InputCount SinceSums { get; init; } = new(Signal, What, 0);

        /// <summary>When what speaks for a drift began, in minutes of the Unix epoch.</summary>
        public long OnsetMinute { get; init; }

        /// <summary>Whether a person was told.</summary>
        public bool IsTold { get; init; }
    }
}
