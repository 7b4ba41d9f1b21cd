using System.Runtime.InteropServices;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>Welch's test on mean latencies, looked at after every request.</summary>
/// <param name="critical">One-sided critical value: 3.09 for 1e-3.</param>
public sealed class LatencyZTest(double critical) : IDetector
{
    private const int FewestPerArm = 30;
    private Moments _tested;
    private Moments _control;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        (request.Tested ? ref _tested : ref _control).Add(request.Latency);
        return Reaction.RollBackIf(
            _tested.Count >= FewestPerArm && _control.Count >= FewestPerArm
            && _tested.Mean - _control.Mean > critical * Math.Sqrt((_tested.Variance / _tested.Count) + (_control.Variance / _control.Count)));
    }

    [StructLayout(LayoutKind.Auto)]
    private struct Moments
    {
        private double _squares;

        public double Count { get; private set; }

        public double Mean { get; private set; }

        public readonly double Variance => _squares / (Count - 1);

        public void Add(double value)
        {
            var before = value - Mean;
            Mean += before / ++Count;
            _squares += before * (value - Mean);
        }
    }
}
