using Backstop.Core.Evidence;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>A count table looked at after every request: our rule.</summary>
/// <remarks>
/// The sum over the components is only formed when the largest of them could make it reach the threshold, which is rare;
/// that changes no answer and makes 100,000 looks affordable.
/// </remarks>
/// <param name="cellOf">The table's cell of a request, or a negative number when the table does not count it.</param>
public sealed class TableDetector(IncrementTable table, double logThreshold, Func<SimulatedRequest, int> cellOf) : IDetector
{
    private readonly double[] _logs = table.LogWeights.ToArray();
    private readonly double _least = logThreshold - Math.Log(table.Components);

    /// <inheritdoc/>
    public bool Fires(in SimulatedRequest request)
    {
        var cell = cellOf(request);
        if (cell < 0)
        {
            return false;
        }

        var increments = table.Increments(cell);
        var most = double.NegativeInfinity;
        for (var j = 0; j < _logs.Length; j++)
        {
            var log = _logs[j] + increments[j];
            _logs[j] = log;
            most = log > most ? log : most;
        }

        return most >= _least && LogSum(most) >= logThreshold;
    }

    private double LogSum(double most)
    {
        var sum = 0.0;
        foreach (var log in _logs)
        {
            sum += Math.Exp(log - most);
        }

        return most + Math.Log(sum);
    }
}
