using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Simulation.Replay;

/// <summary>Watches one number of a recording: whether it is worse in the tested arm.</summary>
/// <remarks>
/// The bins are the quantiles of the first values of the trusted arm, which are then not counted. A request without the number
/// is counted with the best ones, so that leaving it out never speaks against the release here.
/// </remarks>
/// <param name="logThreshold">What the evidence must reach, in nats.</param>
/// <param name="higherIsWorse">Whether larger numbers are worse.</param>
/// <param name="margin">By how much of its value it may be worse, such as 0.01.</param>
internal sealed class SignalMonitor(string name, double logThreshold, bool higherIsWorse, double margin)
{
    private const int Calibration = 200;
    private static readonly string[] BetterWhenHigher = ["score", "accuracy", "quality", "similar", "rating", "reward", "agree", "confidence"];

    private readonly List<double> _first = [];
    private readonly SortedDictionary<double, HistogramTable> _tables = [];
    private ImmutableArray<double> _edges;
    private ImmutableArray<double> _masses;
    private double[]? _logs;

    public string Name => name;

    public double LogThreshold => logThreshold;

    /// <summary>Evidence in nats that the number is worse in the tested arm.</summary>
    public double LogE { get; private set; }

    /// <summary>Whether it speaks loud enough to roll back.</summary>
    public bool Crossed => LogE >= logThreshold;

    /// <summary>Whether the number never moved, so that nothing can be said.</summary>
    public bool IsConstant => _first.Count >= Calibration && _edges.IsDefault;

    /// <summary>Whether a number of this name is worse when it is higher: everything is but what is called a score.</summary>
    public static bool IsWorseWhenHigher(string name) =>
        !Array.Exists(BetterWhenHigher, better => name.Contains(better, StringComparison.OrdinalIgnoreCase));

    /// <summary>One more request, in the order of time.</summary>
    public void Add(RecordedRequest request, double share)
    {
        double? value = request.Signals.TryGetValue(name, out var number) ? number : null;
        if (_first.Count < Calibration)
        {
            if (!request.Tested && value is { } known)
            {
                _first.Add(Worseness(known, tested: false));
                Calibrate();
            }

            return;
        }

        if (_edges.IsDefault)
        {
            return;
        }

        if (!_tables.TryGetValue(share, out var table))
        {
            _tables.Add(share, table = new(share, _masses));
        }

        var increments = table.Increments;
        _logs ??= increments.LogWeights.ToArray();
        var bin = value is { } seen ? HistogramTable.BinOf(Worseness(seen, request.Tested), _edges.AsSpan()) : 0;
        var cell = increments.Increments((request.Tested ? _masses.Length : 0) + bin);
        for (var j = 0; j < _logs.Length; j++)
        {
            _logs[j] += cell[j];
        }
    }

    /// <summary>Forms the evidence of what was added.</summary>
    public void Look()
    {
        if (_logs is { } logs)
        {
            var most = logs.Max();
            LogE = most + Math.Log(logs.Sum(log => Math.Exp(log - most)));
        }
    }

    // The margin is exact when the tested arm's values are moved towards the good before they are binned.
    private double Worseness(double value, bool tested)
    {
        var worse = higherIsWorse ? value : -value;
        return tested ? worse - (margin * Math.Abs(value)) : worse;
    }

    private void Calibrate()
    {
        if (_first.Count < Calibration)
        {
            return;
        }

        double[] sorted = [.. _first.Order()];
        double[] edges = [.. HistogramTable.EdgeQuantiles.Select(q => sorted[(int)(q * sorted.Length)]).Distinct()];
        if (edges is [_, .., _] && sorted[^1] == edges[^1])
        {
            edges = edges[..^1]; // Nothing lies above the largest value.
        }

        if (edges.Length < 2)
        {
            return;
        }

        _edges = [.. edges];
        var counts = new double[edges.Length + 1];
        foreach (var value in sorted)
        {
            counts[HistogramTable.BinOf(value, edges)]++;
        }

        _masses = [.. counts.Select(n => (n + 0.5) / (sorted.Length + (0.5 * counts.Length)))];
    }
}
