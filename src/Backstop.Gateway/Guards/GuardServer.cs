using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;

namespace Backstop.Gateway.Guards;

/// <summary>One guard as this process reaches it: how many questions are with it, and whether it is left alone.</summary>
/// <param name="exchange">Asks it, and throws what a connection throws.</param>
internal sealed class GuardServer(Patience asking, Func<RemoteQuestion, CancellationToken, Task<RemoteAnswer>> exchange, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private readonly Breaker _breaker = new(asking.BreakAfter, TimeSpan.FromMilliseconds(asking.RestMilliseconds));
    private int _asked;
    private CheckFailure _lastFailure;

    private TimeSpan Now => clock.GetElapsedTime(0);

    /// <summary>Asks, and says why there is no answer when there is none. Throws only when the caller leaves.</summary>
    public async Task<RemoteAnswer> Ask(RemoteQuestion question, CancellationToken left)
    {
        if (Refusal() is { } refusal)
        {
            return RemoteAnswer.None(question, refusal.Failure, refusal.Reason);
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(question.TimeoutMilliseconds), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(left, patience.Token);
        RemoteAnswer? answer = null;
        try
        {
            answer = await exchange(question, either.Token);
            return answer;
        }
        catch (OperationCanceledException) when (!left.IsCancellationRequested)
        {
            return answer = RemoteAnswer.None(question, CheckFailure.Timeout, $"no answer within {question.TimeoutMilliseconds} ms");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return answer = RemoteAnswer.None(question, CheckFailure.Error, "it cannot be reached");
        }
        finally
        {
            Leave(answer);
        }
    }

    private (CheckFailure Failure, string Reason)? Refusal()
    {
        lock (_lock)
        {
            if (_asked >= asking.Concurrency)
            {
                return (CheckFailure.Saturated, $"{asking.Concurrency} questions are with it already");
            }

            if (!_breaker.MayAsk(Now))
            {
                return (_lastFailure, "it failed several times and is left alone");
            }

            _asked++;
            return null;
        }
    }

    // Without an answer the caller has left, which says nothing about the guard.
    private void Leave(RemoteAnswer? answer)
    {
        lock (_lock)
        {
            _asked--;
            if (answer?.Failure is { } failure)
            {
                _lastFailure = failure;
                _breaker.Failed(Now);
            }
            else if (answer is not null)
            {
                _breaker.Succeeded();
            }
        }
    }
}
