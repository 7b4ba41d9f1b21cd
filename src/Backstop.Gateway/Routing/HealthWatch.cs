using Backstop.Core.Registry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Routing;

/// <summary>Asks the replicas of releases that name a health check whether they are well, so that no user has to find out.</summary>
public sealed class HealthWatch(GatewayOptions options, LiveRoutes routes, TimeProvider time, ILogger<HealthWatch> log) : BackgroundService
{
    // How often it is looked whose turn it is, and whether anybody is to be asked at all.
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    // One for all that are trusted by the same authorities.
    private readonly Dictionary<string, HttpClient> _clients = new(StringComparer.Ordinal);

    private readonly Dictionary<Replica, Task> _asking = [];
    private readonly Dictionary<Replica, long> _askedAt = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pace, time);
        do
        {
            timer.Period = AskWhoseTurnItIs(stoppingToken) ? Pace : Rest;
        }
        while (await Tick(timer, stoppingToken));
    }

    public override void Dispose()
    {
        foreach (var http in _clients.Values)
        {
            http.Dispose();
        }

        base.Dispose();
    }

    private HttpClient ClientFor(ServerTrust? trust)
    {
        if (!_clients.TryGetValue(trust?.Pem ?? "", out var http))
        {
            _clients[trust?.Pem ?? ""] = http = new HttpClient(new SocketsHttpHandler
            {
                ConnectTimeout = options.ConnectTimeout, AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null,
                SslOptions = { CertificateChainPolicy = trust?.Policy() },
            });
            http.Timeout = Timeout.InfiniteTimeSpan;
        }

        return http;
    }

    private static async Task<bool> Tick(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <returns>Whether there is anybody to be asked.</returns>
    private bool AskWhoseTurnItIs(CancellationToken stopping)
    {
        var checkedNow = new HashSet<Replica>();
        foreach (var pool in routes.Current.Checked)
        {
            var check = pool.Release.Serving.Health!;
            foreach (var replica in pool.Replicas)
            {
                checkedNow.Add(replica);
                if (_asking.TryGetValue(replica, out var asking) && !asking.IsCompleted)
                {
                    continue; // One question at a time: a replica that hangs must not be asked more and more.
                }

                if (!_askedAt.TryGetValue(replica, out var at) || time.GetElapsedTime(at) >= check.Interval)
                {
                    _askedAt[replica] = time.GetTimestamp();
                    _asking[replica] = Ask(ClientFor(pool.Trust), pool, replica, check, stopping);
                }
            }
        }

        foreach (var gone in _askedAt.Keys.Except(checkedNow).ToList())
        {
            _askedAt.Remove(gone);
            _asking.Remove(gone);
        }

        return checkedNow.Count > 0;
    }

    private async Task Ask(HttpClient http, ReleasePool pool, Replica replica, HealthCheck check, CancellationToken stopping)
    {
        var well = await IsWell(http, pool, replica, check, stopping);
        if (!stopping.IsCancellationRequested && replica.Checked(well))
        {
            if (well)
            {
                GatewayLog.ReplicaWell(log, replica.Address, pool.Release.Name);
            }
            else
            {
                GatewayLog.ReplicaIll(log, replica.Address, pool.Release.Name, check.Failures);
            }
        }
    }

    private async Task<bool> IsWell(HttpClient http, ReleasePool pool, Replica replica, HealthCheck check, CancellationToken stopping)
    {
        using var patience = new CancellationTokenSource(check.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stopping);
        using var question = new HttpRequestMessage(HttpMethod.Get, new Uri(replica.Address, check.Path));
        foreach (var (name, value) in pool.Headers)
        {
            question.Headers.TryAddWithoutValidation(name, value);
        }

        try
        {
            using var answer = await http.SendAsync(question, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            return false;
        }
    }
}
