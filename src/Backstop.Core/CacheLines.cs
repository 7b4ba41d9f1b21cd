using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Backstop.Core;

/// <summary>Hints to the processor which memory is about to be read.</summary>
/// <remarks>
/// Where thousands of aliases are asked in turn, nothing of an alias is in a cache when its request comes. What is asked for early and at
/// one time is waited for once, and not one after the other. A hint costs next to nothing where the memory is in the cache already, and
/// nothing happens where the processor takes none.
/// </remarks>
public static class CacheLines
{
    private const int LineBytes = 64;

    /// <summary>Asks for the first so many lines of an object, 64 bytes each.</summary>
    public static unsafe void Fetch(object? one, int lines = 1)
    {
        if (!Sse.IsSupported || one is null)
        {
            return;
        }

        // Only a hint: that the object may be moved at this moment does no harm.
        var address = Unsafe.As<object?, nint>(ref one);
        for (var line = 0; line < lines; line++)
        {
            Sse.Prefetch0((void*)(address + (line * LineBytes)));
        }
    }

    /// <summary>Asks for the line that a byte is in.</summary>
    public static unsafe void Fetch(ref byte one)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(Unsafe.AsPointer(ref one)); // Here too: it may be moved.
        }
    }
}
