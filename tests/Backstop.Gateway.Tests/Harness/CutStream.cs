namespace Backstop.Gateway.Tests.Harness;

/// <summary>Gives its bytes in pieces of the given lengths, over and over.</summary>
internal sealed class CutStream(byte[] bytes, int[] cuts) : MemoryStream(bytes)
{
    private int _next;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Read(buffer.Span[..Math.Min(buffer.Length, cuts[_next++ % cuts.Length])]));
}
