using System.Buffers;

namespace Backstop.Gateway.Requests;

/// <summary>Reads a body that may be at most so long.</summary>
internal static class BoundedBody
{
    private const int MostAtFirst = (16 * 1024) - 1;

    /// <summary>The whole body, or null when it is longer than <paramref name="limit"/>.</summary>
    /// <remarks>
    /// Memory follows what arrived, not what a header announced, and never exceeds the limit: a caller cannot make the
    /// gateway reserve what it does not send. A header may only make it less: the platform keeps 32 arrays of a size for each core, and
    /// makes new ones where more are lent.
    /// </remarks>
    /// <param name="announced">Bytes that a header promises; null for no such header.</param>
    /// <param name="patience">Longest wait for the next piece.</param>
    /// <exception cref="OperationCanceledException">The caller left, or a piece took too long.</exception>
    public static async ValueTask<BodyBytes?> Read(Stream stream, int limit, long? announced, RequestTime time, TimeSpan patience)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Room(Math.Min(announced ?? MostAtFirst, MostAtFirst) + 1, limit));
        var length = 0;
        while (true)
        {
            var wait = time.Within(patience);
            var read = await stream.ReadAsync(buffer.AsMemory(length, Room(buffer.Length, limit) - length), wait);

            // A connection that is given up while it is read lends its buffer to others: what it returns then may be theirs.
            wait.ThrowIfCancellationRequested();
            if (read == 0)
            {
                return BodyBytes.Borrowed(buffer, length);
            }

            length += read;
            if (length > limit)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                return null;
            }

            if (length == buffer.Length)
            {
                var larger = ArrayPool<byte>.Shared.Rent(Room(2L * length, limit));
                buffer.AsSpan().CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }
        }
    }

    // One byte more than may come tells what is too long.
    private static int Room(long wanted, int limit) => (int)Math.Min(wanted, limit + 1L);
}
