using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;

namespace Backstop.Gateway.Guards;

/// <summary>A question and its answer over HTTP.</summary>
internal static class HttpExchange
{
    private const int MostAnswerBytes = 1 << 20;

    public static async Task<RemoteAnswer> Ask(HttpMessageInvoker http, RemoteQuestion question, CancellationToken cancel)
    {
        var (body, failure, reason) = await Post(http, (RemoteGuard)question.Guard, GuardExchange.BodyOf(question), cancel);
        return failure is null ? GuardExchange.Read(question, body) : RemoteAnswer.None(question, failure.Value, reason);
    }

    /// <summary>Posts a body, and says why there is no answer when there is none.</summary>
    public static async Task<(string Body, CheckFailure? Failure, string Reason)> Post(HttpMessageInvoker http, RemoteGuard guard, string body, CancellationToken cancel)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, guard.Address)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (guard.KeyVariable is { } variable)
        {
            if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } key)
            {
                return ("", CheckFailure.AuthError, $"the variable {variable} is not set");
            }

            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        using var response = await http.SendAsync(message, cancel);
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => ("", CheckFailure.AuthError, "it refused the key"),
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => ("", CheckFailure.Saturated, "it has too much to do"),
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => (await Body(response, cancel), null, ""),
            var status => ("", CheckFailure.Error, $"it answered with status {(int)status}"),
        };
    }

    private static async Task<string> Body(HttpResponseMessage response, CancellationToken cancel)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancel);
        var bytes = new byte[MostAnswerBytes];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancel);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }
}
