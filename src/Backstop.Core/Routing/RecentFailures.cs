using System.Runtime.InteropServices;

namespace Backstop.Core.Routing;

/// <summary>How many requests ended lately and how many of them failed; what is older weighs less, by half every ten seconds.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RecentFailures(double Requests, double Failures, long At)
{
    /// <summary>Requests below which nothing is said: three failures of four are chance.</summary>
    public const double Least = 10;

    /// <summary>Share of failures that stands out when the others have none.</summary>
    public const double Share = 0.2;

    private const double HalfLifeSeconds = 10;

    /// <summary>One more request ended.</summary>
    public RecentFailures After(bool failed, long at, long frequency)
    {
        // A clock that stands or steps back makes nothing younger.
        var kept = At == 0 ? 0 : Math.Pow(0.5, Math.Max(0, at - At) / (double)frequency / HalfLifeSeconds);
        return new((Requests * kept) + 1, (Failures * kept) + (failed ? 1 : 0), at);
    }

    /// <summary>These and those together.</summary>
    public RecentFailures With(RecentFailures other) => new(Requests + other.Requests, Failures + other.Failures, Math.Max(At, other.At));

    /// <summary>Whether these fail far more often than the others: three times their share, and never below <see cref="Share"/>.</summary>
    /// <remarks>
    /// When all fail alike nobody stands out, and that is right: the release is bad, and leaving replicas out would only
    /// overload the rest. A replica alone has nobody to be compared with.
    /// </remarks>
    public bool StandsOut(RecentFailures others) =>
        Requests >= Least && others.Requests >= Least
        && Failures / Requests >= Math.Max(Share, 3 * others.Failures / others.Requests);
}
