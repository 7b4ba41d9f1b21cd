using System.Runtime.CompilerServices;
using Backstop.Core;

namespace Backstop.Gateway.Routing;

/// <summary>Objects that a request is about to read, fetched into the processor's caches all at one time.</summary>
/// <remarks>
/// Each of an alias's objects is known by the one before, so a request to one that was not asked lately would wait for memory some dozens
/// of times, one after the other. The list stands in the object that has it: to find it must not be one wait more.
/// </remarks>
internal struct Nearby
{
    // Of most objects a request reads little more than the beginning.
    private const int UsualLines = 2;

    private const int Most = 32;

    private Objects _objects;
    private int _count;

    /// <summary>Takes each of them once, the first so many; the others are waited for when they are read.</summary>
    public Nearby(IEnumerable<object?> objects)
    {
        foreach (var one in objects.OfType<object>().Distinct(ReferenceEqualityComparer.Instance).Take(Most))
        {
            _objects[_count++] = one;
        }
    }

    /// <summary>Asks for all of them.</summary>
    public readonly void Fetch()
    {
        for (var i = 0; i < _count; i++)
        {
            CacheLines.Fetch(_objects[i], UsualLines);
        }
    }

    [InlineArray(Most)]
    private struct Objects
    {
        private object? _first;
    }
}
