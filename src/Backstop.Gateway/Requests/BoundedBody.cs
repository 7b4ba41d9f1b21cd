namespace Backstop.Gateway.Requests;

/// <summary>Reads a body that may be at most so long.</summary>
internal static class BoundedBody
{
    private const int FirstPiece = 16 * 1024;

    /// <summary>The whole body, or null when it is longer than <paramref name="limit"/>.</summary>
    /// <remarks>
    /// Memory follows what arrived, not what a header announced, and never exceeds the limit: a caller cannot make the
    /// gateway reserve what it does not send.
    /// </remarks>
    /// <param name="patience">Longest wait for the next piece.</param>
    /// <exception cref="OperationCanceledException">The caller left, or a piece took too long.</exception>
    public static async Task<ReadOnlyMemory<byte>?> Read(Stream stream, int limit, RequestTime time, TimeSpan patience)
    {
        using var wait = time.Wait(patience);
        var buffer = new byte[Math.Min(FirstPiece, limit + 1)];
        var length = 0;
        while (true)
        {
            time.Restart(wait, patience);
            var read = await stream.ReadAsync(buffer.AsMemory(length), wait.Token);
            if (read == 0)
            {
                return buffer.AsMemory(0, length);
            }

            length += read;
            if (length > limit)
            {
                return null;
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min(2L * buffer.Length, limit + 1L));
            }
        }
    }
}
