using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Backstop.Core.Routing;

namespace Backstop.Gateway.Signals;

/// <summary>A request's id in 128 bits: what waits for a label may be a million requests, and a million texts would be work for the garbage collector.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RequestKey(ulong High, ulong Low)
{
    // New for each process: whoever chose two ids that are one here would have to know them.
    private static readonly string One = Guid.NewGuid().ToString();
    private static readonly string Other = Guid.NewGuid().ToString();

    // Odd.
    private static readonly ulong Factor = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    /// <summary>All of it in 64 bits, the uppermost of which nobody can choose.</summary>
    public ulong Mixed => ((Low * Factor) ^ High) * Factor;

    public static RequestKey Of(string id)
    {
        // Nearly all are the gateway's own, or made like them.
        if (id.Length == 32 && UInt128.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
        {
            return new((ulong)(number >> 64), (ulong)number);
        }

        return new(StableHash.Of(One, id), StableHash.Of(Other, id));
    }
}
