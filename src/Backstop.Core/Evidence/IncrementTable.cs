using System.Numerics;
using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>The shape all count-based tests share: log E = log Σ_j exp(log w_j + Σ n·increment_j).</summary>
/// <remarks>
/// The evidence is linear in integer counts inside the exponent, so what many gateways counted gives the same bits as if one
/// process had counted it all. Increments of one cell lie side by side over the components: a cell costs one pass of
/// multiply-adds, and cells without counts cost nothing.
/// </remarks>
public sealed class IncrementTable
{
    private readonly double[] _weights;
    private readonly double[] _logWeights;
    private readonly double[] _increments;

    /// <summary>A table of <paramref name="cells"/> cells.</summary>
    /// <param name="weights">Prior weights of the components.</param>
    /// <param name="increment">The increment of (cell, component), in nats per request.</param>
    public IncrementTable(IReadOnlyList<double> weights, int cells, Func<int, int, double> increment)
    {
        Cells = cells;
        _weights = [.. weights];
        _logWeights = Array.ConvertAll(_weights, Math.Log);
        _increments = new double[cells * weights.Count];
        for (var cell = 0; cell < cells; cell++)
        {
            for (var j = 0; j < weights.Count; j++)
            {
                _increments[(cell * weights.Count) + j] = increment(cell, j);
            }
        }
    }

    /// <summary>How many counts the table takes.</summary>
    public int Cells { get; }

    /// <summary>How many alternatives it mixes over.</summary>
    public int Components => _logWeights.Length;

    /// <summary>The components' prior weights.</summary>
    public ReadOnlySpan<double> Weights => _weights;

    /// <summary>Logarithms of the components' weights.</summary>
    public ReadOnlySpan<double> LogWeights => _logWeights;

    /// <summary>The increments of one cell, by component.</summary>
    public ReadOnlySpan<double> Increments(int cell) => _increments.AsSpan(cell * Components, Components);

    /// <summary>The evidence of these counts, in nats.</summary>
    public double LogE(ReadOnlySpan<long> counts)
    {
        Span<double> logs = stackalloc double[Components];
        _logWeights.CopyTo(logs);
        Add(counts, logs);
        return SpecialFunctions.LogSumExp(logs);
    }

    /// <summary>Adds Σ n·increment to every component's logarithm.</summary>
    public void Add(ReadOnlySpan<long> counts, Span<double> logs)
    {
        if (counts.Length != Cells)
        {
            throw new ArgumentException($"This table takes {Cells} counts, not {counts.Length}.", nameof(counts));
        }

        for (var cell = 0; cell < counts.Length; cell++)
        {
            if (counts[cell] != 0)
            {
                AddScaled(counts[cell], Increments(cell), logs);
            }
        }
    }

    private static void AddScaled(double n, ReadOnlySpan<double> increments, Span<double> logs)
    {
        var from = MemoryMarshal.Cast<double, Vector<double>>(increments);
        var to = MemoryMarshal.Cast<double, Vector<double>>(logs);
        for (var i = 0; i < from.Length; i++)
        {
            to[i] += n * from[i];
        }

        for (var j = from.Length * Vector<double>.Count; j < logs.Length; j++)
        {
            logs[j] += n * increments[j];
        }
    }
}
