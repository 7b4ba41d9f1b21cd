using System.Globalization;
using System.Text;

namespace Backstop.Gateway.Upstreams;

/// <summary>One request to a model server as it is written to the connection.</summary>
/// <param name="body">What is posted; null to get.</param>
/// <param name="requestId">Names the request there too.</param>
/// <param name="traceParent">The trace it belongs to; empty for none.</param>
/// <param name="traceState">What the makers of the trace keep with it; empty for nothing.</param>
internal sealed class UpstreamQuestion(Destination to, UpstreamBody? body, string requestId, string traceParent, string traceState)
{
    // The names of the fields, the length of a body as it is written, and the line ends.
    private const int BesideValues = 96;

    // What is no good header is the caller's, and must not break the connection to the model server.
    private readonly string _traceParent = IsGood(traceParent) ? traceParent : "";
    private readonly string _traceState = IsGood(traceState) ? traceState : "";

    /// <summary>Bytes of it all, at most.</summary>
    public int MostBytes => to.Head.Length + MostOfFields + (body?.Length ?? 0);

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    private int MostOfFields => requestId.Length + _traceParent.Length + _traceState.Length + BesideValues;

    /// <summary>Writes it all, and returns its length.</summary>
    public int CopyTo(Span<byte> target)
    {
        to.Head.CopyTo(target);
        var length = to.Head.Length;
        length += WriteFields(target[length..]);
        return length + (body?.CopyTo(target[length..]) ?? 0);
    }

    /// <summary>The same in pieces, for what is long.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        var fields = new byte[MostOfFields];
        return [(byte[])[.. to.Head, .. fields.AsSpan(0, WriteFields(fields))], .. body?.Pieces() ?? []];
    }

    private int WriteFields(Span<byte> target)
    {
        var length = Write(target, "x-request-id: "u8, requestId);
        length += Write(target[length..], "traceparent: "u8, _traceParent);
        length += Write(target[length..], "tracestate: "u8, _traceState);
        if (body is not null)
        {
            Span<char> digits = stackalloc char[10];
            body.Length.TryFormat(digits, out var count, provider: CultureInfo.InvariantCulture);
            length += Write(target[length..], "Content-Length: "u8, digits[..count]);
        }

        LineEnd.CopyTo(target[length..]);
        return length + LineEnd.Length;
    }

    // Nothing for what has no value.
    private static int Write(Span<byte> target, ReadOnlySpan<byte> name, ReadOnlySpan<char> value)
    {
        if (value.IsEmpty)
        {
            return 0;
        }

        name.CopyTo(target);
        var length = name.Length + Encoding.ASCII.GetBytes(value, target[name.Length..]);
        LineEnd.CopyTo(target[length..]);
        return length + LineEnd.Length;
    }

    private static bool IsGood(string value) => Ascii.IsValid(value) && !value.AsSpan().ContainsAnyInRange('\0', '\x1f');
}
