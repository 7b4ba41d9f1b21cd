using System.Collections.Concurrent;
using Backstop.Core.Registry;

namespace Backstop.Control.Rollouts;

/// <summary>The control plane's own way to model servers, each trusted as its release says.</summary>
/// <param name="timeout">Longest wait for an answer.</param>
/// <param name="connections">Most to one server at one time.</param>
public sealed class ModelServers(TimeSpan timeout, int connections = int.MaxValue) : IDisposable
{
    private readonly ConcurrentDictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);

    /// <summary>Whom to ask the servers of a release with.</summary>
    /// <exception cref="MissingSecretException">The file with its authorities cannot be read, or holds none.</exception>
    public HttpClient For(Release release)
    {
        var trust = release.Serving.TrustWith(Read);
        return _clients.GetOrAdd(trust?.Pem ?? "", _ => new(new SocketsHttpHandler
        {
            UseProxy = false, MaxConnectionsPerServer = connections, SslOptions = { CertificateChainPolicy = trust?.Policy() },
        })
        { Timeout = timeout });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var http in _clients.Values)
        {
            http.Dispose();
        }
    }

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
