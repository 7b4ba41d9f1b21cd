using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Backstop.Gateway.Routing;

/// <summary>Objects that a request is about to read, fetched into the processor's caches all at one time.</summary>
/// <remarks>
/// Where thousands of aliases are asked in turn, nothing of an alias is in a cache when its request comes. Each of its objects is known
/// by the one before, so a request would wait for memory some dozens of times, one after the other. A hint costs next to nothing where
/// they are in the cache already, and nothing happens where the processor takes none.
/// </remarks>
internal sealed class Nearby(IEnumerable<object?> objects)
{
    private const int LineBytes = 64;

    // Of most objects a request reads little more than the beginning.
    private const int UsualLines = 2;

    private readonly object?[] _objects = [.. objects.Where(one => one is not null).Distinct(ReferenceEqualityComparer.Instance)];

    /// <summary>Asks for all of them.</summary>
    public void Fetch()
    {
        foreach (var one in _objects)
        {
            Fetch(one, UsualLines);
        }
    }

    /// <summary>Asks for the first so many lines of an object, 64 bytes each.</summary>
    public static unsafe void Fetch(object? one, int lines)
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
}
