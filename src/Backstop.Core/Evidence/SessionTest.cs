using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>Decides, at any time, whether the tested arm is worse when whole sessions were assigned, not single requests.</summary>
/// <remarks>
/// Requests of one user resemble each other; counted one by one they would fire 40 times too often. A session enters once,
/// whole, with e = L(its arm) / (x·L(tested) + (1−x)·L(control)), L being the likelihood of its bad count. That is exact
/// whatever the dependence within the session: only the draw of its arm is used. The sums are 64-bit fixed point
/// (2⁻³² nats), so gateways merge them exactly.
/// </remarks>
/// <param name="testedShare">Probability with which a session was drawn for the tested arm.</param>
/// <param name="controlRate">The control's historic rate of bad requests.</param>
/// <param name="testedRates">The rates of the alternatives, equally likely.</param>
public sealed class SessionTest(double testedShare, double controlRate, ImmutableArray<double> testedRates)
{
    private const double UnitsPerNat = 4294967296.0;

    /// <summary>How many sums a gateway keeps.</summary>
    public int Components => testedRates.Length;

    /// <summary>Adds one finished session to the sums.</summary>
    public void Add(bool tested, long requests, long bad, Span<long> sums)
    {
        for (var j = 0; j < sums.Length; j++)
        {
            sums[j] += (long)Math.Round(LogE(tested, requests, bad, controlRate, testedRates[j], testedShare) * UnitsPerNat);
        }
    }

    /// <summary>The evidence of the sums, in nats.</summary>
    public double LogE(ReadOnlySpan<long> sums)
    {
        Span<double> logs = stackalloc double[sums.Length];
        for (var j = 0; j < sums.Length; j++)
        {
            logs[j] = Nats(sums[j]);
        }

        return SpecialFunctions.LogSumExp(logs) - Math.Log(logs.Length);
    }

    /// <summary>A sum in nats.</summary>
    public static double Nats(long sum) => sum / UnitsPerNat;

    /// <summary>The evidence of one session for one alternative, in nats.</summary>
    public static double LogE(bool tested, long requests, long bad, double controlRate, double testedRate, double testedShare)
    {
        var control = LogLikelihood(controlRate);
        var other = LogLikelihood(testedRate);
        return (tested ? other : control)
            - SpecialFunctions.LogAdd(Math.Log(testedShare) + other, Math.Log(1 - testedShare) + control);

        double LogLikelihood(double rate) => (bad * Math.Log(rate)) + ((requests - bad) * Math.Log(1 - rate));
    }
}
