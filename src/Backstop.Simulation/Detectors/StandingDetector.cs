using System.Numerics;
using System.Runtime.InteropServices;
using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Our rule for a release that has long been in production: a change at an unknown time.</summary>
/// <remarks>
/// What <see cref="CeilingDetector"/> does when every request is an epoch of its own, with the factors of a request worked out
/// beforehand.
/// </remarks>
public sealed class StandingDetector : IDetector
{
    private readonly double _threshold;
    private readonly CellOf _cellOf;
    private readonly double[][] _factors;
    private readonly double[] _weights;
    private readonly double[] _bets;

    /// <summary>A detector that has seen nothing.</summary>
    /// <param name="factors">What <see cref="FactorsOf"/> gives for the test.</param>
    public StandingDetector(CeilingTest test, double[][] factors, double logThreshold, CellOf cellOf)
    {
        (_factors, _threshold, _cellOf) = (factors, Math.Exp(logThreshold), cellOf);
        _weights = test.Increments.Weights.ToArray();
        _bets = new double[_weights.Length];
    }

    /// <summary>By cell: what one request multiplies each component's bet by.</summary>
    public static double[][] FactorsOf(CeilingTest test) =>
        [.. Enumerable.Range(0, test.Cells).Select(cell => Array.ConvertAll(test.Increments.Increments(cell).ToArray(), Math.Exp))];

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        var factors = _factors[_cellOf(request)];
        var sums = Vector<double>.Zero;
        var bets = Vectors(_bets);
        var rises = Vectors(factors);
        var weights = Vectors(_weights);
        for (var i = 0; i < bets.Length; i++)
        {
            bets[i] = (bets[i] + Vector<double>.One) * rises[i];
            sums += bets[i] * weights[i];
        }

        var sum = Vector.Sum(sums);
        for (var j = bets.Length * Vector<double>.Count; j < _bets.Length; j++)
        {
            _bets[j] = (_bets[j] + 1) * factors[j];
            sum += _bets[j] * _weights[j];
        }

        return Reaction.RollBackIf(sum >= _threshold);
    }

    private static Span<Vector<double>> Vectors(double[] values) => MemoryMarshal.Cast<double, Vector<double>>(values.AsSpan());
}
