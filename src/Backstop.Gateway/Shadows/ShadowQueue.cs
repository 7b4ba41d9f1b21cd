using System.Threading.Channels;
using Backstop.Core.Evidence;
using Backstop.Gateway.Observability;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Signals;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Shadows;

/// <summary>Asks releases for answers that no user sees, and compares them with what the user got.</summary>
/// <remarks>
/// A copy leaves only after its user has the whole answer, through a queue that drops what does not fit: it cannot delay,
/// change or fail anything. What was dropped is counted, for a sample of what was easy would be no fair one.
/// </remarks>
public sealed class ShadowQueue(LiveRoutes routes, SignalRecorder signals, Telemetry telemetry, TimeProvider clock, ILogger<ShadowQueue> log) : BackgroundService
{
    /// <summary>Copies that wait at the most.</summary>
    public const int Most = 100;

    /// <summary>Longest body that is copied, in bytes.</summary>
    public const int LongestBody = 256 * 1024;

    // Copies under way at one time: a shadow that is slow must not take all the connections.
    private const int Workers = 4;

    private readonly Channel<Copy> _waiting = Channel.CreateBounded<Copy>(new BoundedChannelOptions(Most) { FullMode = BoundedChannelFullMode.Wait });

    /// <summary>Takes a copy if there is room. Never waits.</summary>
    public void Offer(Copy copy)
    {
        if (copy.BodyLength > LongestBody || !_waiting.Writer.TryWrite(copy))
        {
            signals.ShadowDropped(copy.Route, copy.Pool.Release.Digest);
            telemetry.Copied(copy.Pool, "dropped");
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(() => Work(stoppingToken), CancellationToken.None)));

    private async Task Work(CancellationToken stopping)
    {
        try
        {
            await foreach (var copy in _waiting.Reader.ReadAllAsync(stopping))
            {
                await Compare(copy, stopping);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; what waited is not asked any more.
        }
    }

    private async Task Compare(Copy copy, CancellationToken stopping)
    {
        var digest = copy.Pool.Release.Digest;
        if (!routes.Current.Routes.Routes.TryGetValue(copy.Route.Alias, out var route) || !route.Releases().Contains(digest, StringComparer.Ordinal))
        {
            return; // It was taken out of the route while the copy waited: no new request may begin on it.
        }

        try
        {
            var began = clock.GetTimestamp();
            var answer = await copy.Ask(stopping);
            var text = TextOf(answer);
            telemetry.Copied(copy.Pool, answer is Screened.Failed ? "failed" : answer.Outcome == copy.Outcome ? "same_verdict" : "other_verdict");
            signals.Shadowed(copy.Route, copy.Attack, answer.Outcome, new()
            {
                Release = digest,
                Copies = 1,
                Failed = answer is Screened.Failed ? 1 : 0,
                SameVerdict = answer.Outcome == copy.Outcome ? 1 : 0,
                Worse = IsGood(copy.Outcome) && !IsGood(answer.Outcome) ? 1 : 0,
                Better = !IsGood(copy.Outcome) && IsGood(answer.Outcome) ? 1 : 0,
                Agreement = AnswerAgreement.Between(copy.Text, text),
                UserMs = copy.Took.TotalMilliseconds,
                ShadowMs = clock.GetElapsedTime(began).TotalMilliseconds,
                UserCharacters = copy.Text.Length,
                ShadowCharacters = text.Length,
            });
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            GatewayLog.ShadowFailed(log, e, copy.Pool.Release.Name);
        }
    }

    // Whether an answer is right nobody knows yet.
    private static bool IsGood(Outcome outcome) => outcome is Outcome.Correct or Outcome.Wrong or Outcome.Unlabelled;

    /// <summary>What an answer says, blocked or not.</summary>
    internal static string TextOf(Screened answer) => answer switch
    {
        Screened.Deliverable ok => ok.Text,
        Screened.Blocked blocked => blocked.Text,
        _ => "",
    };
}
