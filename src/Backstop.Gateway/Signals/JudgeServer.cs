using System.Net.Http.Headers;
using System.Text;
using Backstop.Core.Evidence.Scores;

namespace Backstop.Gateway.Signals;

/// <summary>A judge as this process reaches him.</summary>
public sealed class JudgeServer(TimeProvider clock) : IDisposable
{
    private const int MostAnswerBytes = 1 << 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), AllowAutoRedirect = false });

    /// <summary>What he says; null when he says nothing that is a score.</summary>
    public async Task<double?> Ask(AnswerJudgeSpec judge, ScoreRule rule, string question, string answer, CancellationToken stopping)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, judge.Address)
        {
            Content = new StringContent(JudgeExchange.BodyOf(judge, rule, question, answer), Encoding.UTF8, "application/json"),
        };
        if (judge.KeyVariable is { } variable)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable(variable));
        }

        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, patience.Token);
        try
        {
            using var response = await _http.SendAsync(message, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                return null;
            }

            await using var stream = await response.Content.ReadAsStreamAsync(either.Token);
            var bytes = new byte[MostAnswerBytes];
            var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, either.Token);
            return JudgeExchange.Read(rule, Encoding.UTF8.GetString(bytes, 0, length));
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();
}
