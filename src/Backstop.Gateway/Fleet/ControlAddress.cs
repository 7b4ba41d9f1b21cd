using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace Backstop.Gateway.Fleet;

/// <summary>A control plane, or a relay to one.</summary>
/// <param name="Address">Where its fleet stream listens.</param>
/// <param name="Zone">Where it is; empty for nowhere in particular.</param>
public sealed record ControlAddress(Uri Address, string Zone = "")
{
    /// <summary>As it is written on the command line.</summary>
    public override string ToString() => Zone is "" ? Address.ToString() : $"{Zone}={Address}";

    /// <summary>In which order a gateway tries them: those of its own zone first. Gateways spread by their names, and each has the same order every time.</summary>
    /// <returns>All of them, and how many at the beginning are of the gateway's zone.</returns>
    public static (ImmutableArray<ControlAddress> Order, int Near) OrderFor(string gateway, string zone, IReadOnlyList<ControlAddress> all)
    {
        ControlAddress[] near = zone is "" ? [] : [.. all.Where(c => c.Zone == zone)];
        ControlAddress[] far = [.. all.Except(near)];
        var turn = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(gateway)));
        return ([.. Turned(near, turn), .. Turned(far, turn)], near.Length);
    }

    private static IEnumerable<ControlAddress> Turned(ControlAddress[] some, uint turn) =>
        some.Select((_, i) => some[(i + (turn % (uint)some.Length)) % (uint)some.Length]);
}
