namespace Backstop.Gateway.Upstreams;

/// <summary>An answer whose head is there. Whoever reads its body disposes it, and with that gives the connection back.</summary>
public sealed class UpstreamAnswer(AnswerHead head, Stream body) : IDisposable
{
    public AnswerHead Head => head;

    public Stream Body => body;

    public void Dispose() => body.Dispose();
}
