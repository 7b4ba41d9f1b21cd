using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Values of 64 bytes, each on a line of its own in the processor's caches: to look at one fetches one line, not two halves.</summary>
internal sealed class CacheLines<T>
    where T : struct
{
    private const int LineBytes = 64;

    // The garbage collector moves it nowhere.
    private readonly byte[] _memory;
    private readonly int _start;
    private readonly int _count;

    /// <exception cref="ArgumentException">A value has not as many bytes as a line.</exception>
    public CacheLines(int count)
    {
        if (Unsafe.SizeOf<T>() != LineBytes)
        {
            throw new ArgumentException($"{typeof(T).Name} has {Unsafe.SizeOf<T>()} bytes, and a line {LineBytes}.", nameof(count));
        }

        (_memory, _count) = (GC.AllocateArray<byte>((count + 1) * LineBytes, pinned: true), count);
        _start = (int)(-Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0) & (LineBytes - 1));
    }

    /// <summary>All of them, nothing but zeros at first.</summary>
    public Span<T> All => MemoryMarshal.Cast<byte, T>(_memory.AsSpan(_start, _count * LineBytes));
}
