using System.Buffers;

namespace Backstop.Gateway.Requests;

/// <summary>A body in memory: an array that is borrowed from the pool, or one of its own.</summary>
/// <remarks>
/// It is given back only where everything that was handed the bytes has come back well. After a failure the garbage collector
/// takes it: somebody may still be reading, and what it would find in an array that was lent again are another caller's words.
/// </remarks>
public sealed class BodyBytes
{
    private byte[]? _borrowed;

    private BodyBytes(ReadOnlyMemory<byte> memory, byte[]? borrowed) => (Memory, _borrowed) = (memory, borrowed);

    /// <summary>The bytes; none after they were given back. What outlives the request copies them.</summary>
    public ReadOnlyMemory<byte> Memory { get; private set; }

    public static BodyBytes Own(ReadOnlyMemory<byte> bytes) => new(bytes, borrowed: null);

    /// <param name="borrowed">From the shared pool.</param>
    /// <param name="length">How much of it the body takes.</param>
    public static BodyBytes Borrowed(byte[] borrowed, int length) => new(borrowed.AsMemory(0, length), borrowed);

    /// <summary>Somebody may read it for longer than its request lasts: the array will not be given back.</summary>
    public void Lend() => Interlocked.Exchange(ref _borrowed, null);

    /// <summary>Gives a borrowed array back.</summary>
    public void Return()
    {
        Memory = default;
        if (Interlocked.Exchange(ref _borrowed, null) is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
