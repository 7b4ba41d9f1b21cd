using System.Runtime.InteropServices;
using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>How many requests each arm had and how many of them failed.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct ArmCounts
{
    public double Tested;
    public double TestedBad;
    public double Control;
    public double ControlBad;

    public void Add(in SimulatedRequest request)
    {
        if (request.Tested)
        {
            Tested++;
            TestedBad += request.IsBad ? 1 : 0;
        }
        else
        {
            Control++;
            ControlBad += request.IsBad ? 1 : 0;
        }
    }

    /// <summary>Difference of the failure rates.</summary>
    public readonly double Difference => (TestedBad / Tested) - (ControlBad / Control);

    /// <summary>Variance of the difference when both arms share one rate.</summary>
    public readonly double PooledVariance
    {
        get
        {
            var rate = (TestedBad + ControlBad) / (Tested + Control);
            return rate * (1 - rate) * ((1 / Tested) + (1 / Control));
        }
    }
}
