using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Backstop.Simulation.Fleets;

/// <summary>What happened, in order. Every event goes to the checkers, and all but single requests to the trace.</summary>
/// <remarks>Requests are in the trace as the counts of the batches they ended in: one line for fifty requests.</remarks>
/// <param name="onlooker">Sees every event before the checkers do.</param>
public sealed class FleetLog(DateTimeOffset start, ImmutableArray<Invariants.Invariant> invariants, Action<FleetEvent> onlooker)
{
    private readonly StringBuilder _trace = new();

    /// <summary>The checkers.</summary>
    public ImmutableArray<Invariants.Invariant> Invariants => invariants;

    /// <summary>One line an event: seconds since the start, who, what. The same seed gives the same text, byte for byte.</summary>
    public string Trace => _trace.ToString();

    /// <summary>SHA-256 of the trace, in lower-case hex.</summary>
    public string Digest() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Trace)));

    /// <summary>Takes in an event.</summary>
    public void Add(FleetEvent e)
    {
        if (e.Line is { } line)
        {
            _trace.Append(CultureInfo.InvariantCulture, $"{(e.At - start).TotalSeconds,10:F4} {e.Who}: {line}\n");
        }

        onlooker(e);
        foreach (var invariant in invariants)
        {
            invariant.See(e);
        }
    }
}
