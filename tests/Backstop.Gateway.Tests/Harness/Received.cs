using System.Text;
using Backstop.Gateway.Upstreams;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>An answer of a model server whose head was read.</summary>
internal static class Received
{
    public static UpstreamResult.Answering Json(string body) => Whole(new MemoryStream(Encoding.UTF8.GetBytes(body)));

    public static UpstreamResult.Answering Whole(Stream body) => Answering(body, "application/json");

    public static UpstreamResult.Answering Events(Stream body) => Answering(body, "text/event-stream");

    private static UpstreamResult.Answering Answering(Stream body, string type) => new(new(new(200, MediaType: type), body), Nowhere.Replica);
}
