using System.Text;
using Backstop.Core.Registry;
using Backstop.Gateway.Dialects;

namespace Backstop.Gateway.Upstreams;

/// <summary>Where at a model server something is asked, with all that every question there begins with.</summary>
public sealed class Destination
{
    /// <param name="method">GET or POST.</param>
    /// <param name="headers">What every request to it carries; names and values were checked when they were configured.</param>
    /// <param name="trust">Whom the server's certificate must lead to; null for the machine's own authorities.</param>
    public Destination(string method, Uri address, IEnumerable<KeyValuePair<string, string>> headers, ServerTrust? trust = null)
    {
        Origin = Origin.Of(address, trust);
        var host = address.HostNameType == UriHostNameType.IPv6 ? address.Host : address.IdnHost;
        var head = new StringBuilder($"{method} {address.PathAndQuery} HTTP/1.1\r\nHost: {host}{(address.IsDefaultPort ? "" : $":{address.Port}")}\r\n");
        if (method == HttpMethod.Post.Method)
        {
            head.Append("Content-Type: application/json\r\n");
        }

        foreach (var (name, value) in headers)
        {
            head.Append($"{name}: {value}\r\n");
        }

        Head = Encoding.UTF8.GetBytes(head.ToString());
    }

    /// <summary>The dialect it is asked in; null where that is none.</summary>
    internal Dialect? Dialect { get; init; }

    /// <summary>The request line and the headers that are always the same.</summary>
    internal byte[] Head { get; }

    internal Origin Origin { get; }

    /// <summary>The connections there, once somebody looked for them: an origin with authorities of its own is long to compare.</summary>
    internal ConnectionPool? Connections { get; set; }
}
