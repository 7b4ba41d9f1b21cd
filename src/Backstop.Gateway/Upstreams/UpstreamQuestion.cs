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
    // Written with plain concatenation: it is short, and bytes of it leave at once.
    private readonly string _fields = string.Concat(
        "x-request-id: ", requestId, "\r\n",
        string.Concat(Field("traceparent: ", traceParent), Field("tracestate: ", traceState)),
        body is null ? "\r\n" : string.Concat("Content-Length: ", body.Length.ToString(CultureInfo.InvariantCulture), "\r\n\r\n"));

    /// <summary>Bytes of it all.</summary>
    public int Length => to.Head.Length + _fields.Length + (body?.Length ?? 0);

    /// <summary>Writes it all, and returns its length.</summary>
    public int CopyTo(Span<byte> target)
    {
        to.Head.CopyTo(target);
        var length = to.Head.Length;
        length += Encoding.ASCII.GetBytes(_fields, target[length..]);
        return length + (body?.CopyTo(target[length..]) ?? 0);
    }

    /// <summary>The same in pieces, for what is long.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces() => [(byte[])[.. to.Head, .. Encoding.ASCII.GetBytes(_fields)], .. body?.Pieces() ?? []];

    // What is no good header is the caller's, and must not break the connection to the model server.
    private static string Field(string name, string value) =>
        value.Length > 0 && Ascii.IsValid(value) && !value.AsSpan().ContainsAnyInRange('\0', '\x1f') ? string.Concat(name, value, "\r\n") : "";
}
