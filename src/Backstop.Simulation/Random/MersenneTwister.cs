namespace Backstop.Simulation.Random;

/// <summary>The generator behind CPython's <c>random</c> module: the same seed gives the same numbers, bit for bit.</summary>
/// <remarks>
/// MT19937 by Matsumoto and Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random
/// number generator", ACM TOMACS 8(1), 1998, with the array seeding of 2002. It is here because published experiments
/// in Python can then be repeated exactly. It keeps no secret: 624 outputs reveal the state. Not safe for threads.
/// </remarks>
public sealed class MersenneTwister
{
    private const int StateWords = 624;
    private const int Shift = 397;
    private const uint UpperBit = 0x8000_0000;
    private const uint LowerBits = 0x7fff_ffff;

    private readonly uint[] _state = new uint[StateWords];
    private int _next = StateWords;

    /// <summary>Seeds as CPython's <c>random.seed(int)</c> does: by the 32-bit words of the absolute value, lowest first.</summary>
    public MersenneTwister(long seed)
        : this(Words(seed < 0 ? (ulong)-seed : (ulong)seed))
    {
    }

    /// <summary>Seeds by an array of words (<c>init_by_array</c> of the reference implementation).</summary>
    /// <exception cref="ArgumentException">The array is empty.</exception>
    public MersenneTwister(params ReadOnlySpan<uint> key)
    {
        if (key.IsEmpty)
        {
            throw new ArgumentException("A seed has at least one word.", nameof(key));
        }

        SeedByWord(19650218);
        int i = 1, j = 0;
        for (var n = Math.Max(StateWords, key.Length); n > 0; n--)
        {
            _state[i] = (_state[i] ^ Mixed(i - 1) * 1664525) + key[j] + (uint)j;
            i = Advance(i);
            j = (j + 1) % key.Length;
        }

        for (var n = StateWords - 1; n > 0; n--)
        {
            _state[i] = (_state[i] ^ Mixed(i - 1) * 1566083941) - (uint)i;
            i = Advance(i);
        }

        _state[0] = UpperBit; // Whatever the key, the state is not all zero.
    }

    /// <summary>A generator seeded by one word (<c>init_genrand</c> of the reference implementation).</summary>
    public static MersenneTwister FromWord(uint seed)
    {
        var generator = new MersenneTwister(0L);
        generator.SeedByWord(seed);
        return generator;
    }

    /// <summary>The next 32 bits.</summary>
    public uint NextWord()
    {
        if (_next == StateWords)
        {
            Twist();
        }

        var y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        return y ^ (y >> 18);
    }

    /// <summary>The next number of 53 bits in [0, 1), as CPython's <c>random.random()</c> makes it.</summary>
    public double NextDouble()
    {
        var high = NextWord() >> 5;
        var low = NextWord() >> 6;
        return ((high * 67108864.0) + low) * (1.0 / 9007199254740992.0);
    }

    private static uint[] Words(ulong value) =>
        value <= uint.MaxValue ? [(uint)value] : [(uint)value, (uint)(value >> 32)];

    private uint Mixed(int i) => _state[i] ^ (_state[i] >> 30);

    /// <summary>Steps round the state, skipping word 0, which carries on from the last.</summary>
    private int Advance(int i)
    {
        if (i + 1 < StateWords)
        {
            return i + 1;
        }

        _state[0] = _state[StateWords - 1];
        return 1;
    }

    private void SeedByWord(uint seed)
    {
        _state[0] = seed;
        for (var i = 1; i < StateWords; i++)
        {
            _state[i] = (1812433253 * Mixed(i - 1)) + (uint)i;
        }

        _next = StateWords;
    }

    private void Twist()
    {
        for (var i = 0; i < StateWords; i++)
        {
            var joined = (_state[i] & UpperBit) | (_state[(i + 1) % StateWords] & LowerBits);
            _state[i] = _state[(i + Shift) % StateWords] ^ (joined >> 1) ^ ((joined & 1) == 0 ? 0 : 0x9908_b0df);
        }

        _next = 0;
    }
}
