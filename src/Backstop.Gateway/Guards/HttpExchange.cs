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
        var guard = (RemoteGuard)question.Guard;
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
}
