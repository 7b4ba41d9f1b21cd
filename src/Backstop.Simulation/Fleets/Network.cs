using Backstop.Simulation.Random;

namespace Backstop.Simulation.Fleets;

/// <summary>Carries the messages of the fleet streams: late, twice, out of order, or not at all.</summary>
/// <remarks>
/// Harsher than gRPC, whose streams keep their order: the protocol must not need it. A message that is lost breaks its
/// stream, as a connection breaks that cannot deliver; its two ends must come back by themselves.
/// </remarks>
public sealed class Network(VirtualTime time, FaultPlan faults, SplitMix64 random)
{
    private static readonly TimeSpan NoticedAfter = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestDetour = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, TimeSpan> _distances = new(StringComparer.Ordinal);
    private readonly HashSet<string> _cut = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _lastArrival = new(StringComparer.Ordinal);

    /// <summary>Messages that never arrived.</summary>
    public long Lost { get; private set; }

    /// <summary>Messages that arrived twice.</summary>
    public long Doubled { get; private set; }

    /// <summary>Messages that were sent on a detour, on which later ones may overtake them.</summary>
    public long Detoured { get; private set; }

    /// <summary>Whether random faults happen. Cuts and dead nodes still lose messages.</summary>
    public bool IsFaulty { get; set; } = true;

    /// <summary>Messages to and from a node take so much longer on average.</summary>
    public void Place(string node, TimeSpan distance) => _distances[node] = distance;

    /// <summary>Cuts a node off: nothing it sends or is sent arrives.</summary>
    public void Cut(string node) => _cut.Add(node);

    /// <summary>Ends the cut.</summary>
    public void Heal(string node) => _cut.Remove(node);

    /// <summary>Sends one message between control and a node.</summary>
    /// <param name="stream">Messages of one stream keep their order unless one takes a detour.</param>
    /// <param name="deliver">Gives it to the receiver; false when nobody is there.</param>
    /// <param name="lost">Tells both ends that the stream broke.</param>
    public void Send(string node, string stream, Func<bool> deliver, Action lost)
    {
        if (_cut.Contains(node) || Happens(faults.Loss))
        {
            Lost++;
            time.After(NoticedAfter, lost);
            return;
        }

        Deliver(node, Arrival(node, stream), deliver, lost);
        if (Happens(faults.Duplication))
        {
            Doubled++;
            Deliver(node, Arrival(node, stream), deliver, lost: null);
        }
    }

    private void Deliver(string node, DateTimeOffset arrival, Func<bool> deliver, Action? lost) => time.After(arrival - time.Now, () =>
    {
        if ((_cut.Contains(node) || !deliver()) && lost is not null)
        {
            Lost++;
            time.After(NoticedAfter, lost);
        }
    });

    private DateTimeOffset Arrival(string node, string stream)
    {
        var arrival = time.Now + random.Wait(faults.MeanDelay + _distances.GetValueOrDefault(node));
        if (Happens(faults.Reordering))
        {
            Detoured++;
            return arrival + (LongestDetour * random.Uniform());
        }

        if (_lastArrival.TryGetValue(stream, out var last) && arrival < last)
        {
            arrival = last;
        }

        return _lastArrival[stream] = arrival;
    }

    // Drawn also while nothing may happen, so that the calm part of a run does not depend on when the faults ended.
    private bool Happens(double probability) => random.Chance(probability) && IsFaulty;
}
