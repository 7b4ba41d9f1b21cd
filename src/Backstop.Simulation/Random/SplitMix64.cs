namespace Backstop.Simulation.Random;

/// <summary>A small, fast, seedable generator; the same seed gives the same numbers on every machine.</summary>
/// <remarks>Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.</remarks>
public sealed class SplitMix64(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 uniform bits.</summary>
    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A uniform number in [0, 1), with 53 bits.</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True with the given probability.</summary>
    public bool Chance(double probability) => Uniform() < probability;

    /// <summary>An exponential waiting time with the given mean.</summary>
    public TimeSpan Wait(TimeSpan mean) => mean * -Math.Log(1 - Uniform());

    /// <summary>An independent generator for one part of the simulation, so that its draws do not shift the others'.</summary>
    public SplitMix64 Split() => new(Next());
}
