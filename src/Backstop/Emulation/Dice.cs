namespace Backstop.Emulation;

/// <summary>A small seeded generator: the same seed gives the same draws on every machine and .NET version.</summary>
/// <remarks>
/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). One per answer,
/// seeded by the emulator's seed and the answer's number, so that concurrent answers need no lock and stay repeatable.
/// Not safe for threads.
/// </remarks>
internal sealed class Dice(ulong seed)
{
    private const ulong Step = 0x9e37_79b9_7f4a_7c15;

    private ulong _state = seed;

    /// <summary>The dice of one numbered draw: neighbouring numbers share nothing.</summary>
    public static Dice For(long seed, long number) => new(Mix((ulong)seed) ^ Mix((ulong)number + Step));

    /// <summary>A number in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True with this probability.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>A whole number from <paramref name="from"/> to <paramref name="to"/>, both included.</summary>
    public int Between(int from, int to) => from + (int)(NextDouble() * ((long)to - from + 1));

    /// <summary>One of these.</summary>
    public T Pick<T>(IReadOnlyList<T> items) => items[Between(0, items.Count - 1)];

    /// <summary>A draw of the standard normal distribution (Box and Muller, 1958).</summary>
    public double NextNormal() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(2 * Math.PI * NextDouble());

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
        z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
        return z ^ (z >> 31);
    }

    private ulong Next() => Mix(_state += Step);
}
