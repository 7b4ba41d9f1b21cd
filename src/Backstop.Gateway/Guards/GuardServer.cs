using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;

namespace Backstop.Gateway.Guards;

/// <summary>One guard as this process reaches it: how many questions are with it, and whether it is left alone.</summary>
internal sealed class GuardServer(RemoteGuard guard, HttpMessageInvoker http, TimeProvider clock)
{
    private const int MostAnswerBytes = 1 << 20;

    private readonly Lock _lock = new();
    private readonly Breaker _breaker = new(guard.BreakAfter, TimeSpan.FromMilliseconds(guard.RestMilliseconds));
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
            answer = await Exchange(question, either.Token);
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

    private async Task<RemoteAnswer> Exchange(RemoteQuestion question, CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, guard.Address)
        {
            Content = new StringContent(GuardExchange.BodyOf(question), Encoding.UTF8, "application/json"),
        };
        if (guard.KeyVariable is { } variable)
        {
            if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } key)
            {
                return RemoteAnswer.None(question, CheckFailure.AuthError, $"the variable {variable} is not set");
            }

            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        using var response = await http.SendAsync(message, cancel);
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => RemoteAnswer.None(question, CheckFailure.AuthError, "it refused the key"),
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => RemoteAnswer.None(question, CheckFailure.Saturated, "it has too much to do"),
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => GuardExchange.Read(question, await Body(response, cancel)),
            var status => RemoteAnswer.None(question, CheckFailure.Error, $"it answered with status {(int)status}"),
        };
    }

    private static async Task<string> Body(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        var bytes = new byte[MostAnswerBytes];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancel);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private (CheckFailure Failure, string Reason)? Refusal()
    {
        lock (_lock)
        {
            if (_asked >= guard.Concurrency)
            {
                return (CheckFailure.Saturated, $"{guard.Concurrency} questions are with it already");
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
