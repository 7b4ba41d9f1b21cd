using System.Numerics;
using System.Runtime.InteropServices;

namespace Backstop.Core.Evidence;

/// <summary>The few functions of numerical analysis that the tests need and the framework lacks.</summary>
internal static class SpecialFunctions
{
    /// <summary>log Σ exp(v), without overflow. Adds in index order: the same values give the same bits.</summary>
    public static double LogSumExp(ReadOnlySpan<double> values)
    {
        var most = double.NegativeInfinity;
        foreach (var v in values)
        {
            most = Math.Max(most, v);
        }

        if (double.IsInfinity(most))
        {
            return most;
        }

        const int chunk = 128;
        Span<double> terms = stackalloc double[chunk];
        var sum = 0.0;
        for (; values.Length > 0; values = values[Math.Min(chunk, values.Length)..])
        {
            var part = terms[..Math.Min(chunk, values.Length)];
            for (var i = 0; i < part.Length; i++)
            {
                part[i] = values[i] - most;
            }

            Exp(part);
            foreach (var term in part)
            {
                sum += term;
            }
        }

        return most + Math.Log(sum);
    }

    /// <summary>The exponential of every value, in place; 0 where it is below 1e-307.</summary>
    /// <remarks>A value gives the same bits at every place and at every width of the machine's vectors.</remarks>
    public static void Exp(Span<double> values)
    {
        foreach (ref var vector in MemoryMarshal.Cast<double, Vector<double>>(values))
        {
            vector = Exp(vector);
        }

        for (var i = values.Length - (values.Length % Vector<double>.Count); i < values.Length; i++)
        {
            values[i] = Exp(new Vector<double>(values[i]))[0];
        }
    }

    // Beyond this a whole vector is computed value by value, ten times as slowly; and after an hour most alternatives of a table are.
    private static Vector<double> Exp(Vector<double> x)
    {
        var least = new Vector<double>(-708);
        return Vector.ConditionalSelect(Vector.LessThan(x, least), Vector<double>.Zero, Vector.Exp(Vector.Max(x, least)));
    }

    /// <summary>log(exp(a) + exp(b)).</summary>
    public static double LogAdd(double a, double b) =>
        a < b ? LogAdd(b, a) : double.IsNegativeInfinity(b) ? a : a + Log1P(Math.Exp(b - a));

    /// <summary>log(1 + x), exact for small x. Rule: Kahan's correction of the rounding of 1 + x.</summary>
    public static double Log1P(double x)
    {
        var sum = 1 + x;
        return sum == 1 ? x : Math.Log(sum) * (x / (sum - 1));
    }

    /// <summary>log Γ(x) for x &gt; 0: Stirling's series above 12, the recurrence below. Error under 1e-14 relative.</summary>
    public static double LogGamma(double x)
    {
        var shift = 0.0;
        while (x < 12)
        {
            shift += Math.Log(x);
            x++;
        }

        var r = 1 / (x * x);
        var series = (1.0 / 12) - (r * ((1.0 / 360) - (r * ((1.0 / 1260) - (r * ((1.0 / 1680) - (r * (1.0 / 1188))))))));
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + (series / x) - shift;
    }

    /// <summary>log n!/(k!(n-k)!).</summary>
    public static double LogChoose(long n, long k) => LogGamma(n + 1.0) - LogGamma(k + 1.0) - LogGamma(n - k + 1.0);

    /// <summary>The standard normal quantile. Wichura's algorithm AS 241 (1988), error under 1e-15.</summary>
    public static double NormalQuantile(double p)
    {
        var q = p - 0.5;
        if (Math.Abs(q) <= 0.425)
        {
            var r = 0.180625 - (q * q);
            return q * Horner(r, CentreTop) / Horner(r, CentreBottom);
        }

        var tail = Math.Sqrt(-Math.Log(Math.Min(p, 1 - p)));
        var value = tail <= 5
            ? Horner(tail - 1.6, MiddleTop) / Horner(tail - 1.6, MiddleBottom)
            : Horner(tail - 5, FarTop) / Horner(tail - 5, FarBottom);
        return q < 0 ? -value : value;
    }

    private static double Horner(double x, double[] coefficients)
    {
        var value = 0.0;
        for (var i = coefficients.Length - 1; i >= 0; i--)
        {
            value = (value * x) + coefficients[i];
        }

        return value;
    }

    private static readonly double[] CentreTop =
    [
        3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
        45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
    ];

    private static readonly double[] CentreBottom =
    [
        1, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077,
        21213.794301586595867, 39307.895800092710610, 28729.085735721942674, 5226.4952788528545610,
    ];

    private static readonly double[] MiddleTop =
    [
        1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
        1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4,
    ];

    private static readonly double[] MiddleBottom =
    [
        1, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550,
        0.148103976427480074590, 0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
    ];

    private static readonly double[] FarTop =
    [
        6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
        0.0265321895265761230930, 0.00124266094738807843860, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ];

    private static readonly double[] FarBottom =
    [
        1, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
    ];
}
