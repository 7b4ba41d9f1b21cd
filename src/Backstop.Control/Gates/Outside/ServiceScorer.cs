using System.Net.Http.Headers;
using System.Text;
using Backstop.Core.Gates;
using Backstop.Core.Gates.Outside;
using Backstop.Core.Registry;

namespace Backstop.Control.Gates.Outside;

/// <summary>Asks services and judging models over HTTP.</summary>
internal sealed class ServiceScorer : IDisposable
{
    // A completion carries more than its verdict: usage, ids, what the model thought.
    private const int MostBytes = 1_048_576;

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MostBytes,
    };

    /// <exception cref="MissingSecretException">The variable of its key is not set.</exception>
    public Task<RunOutcome> Score(OutsideCheck.Http check, OutsideQuestion question, CancellationToken cancel) =>
        Post(check, check.Address, check.KeyVariable, Encoding.UTF8.GetBytes(question.ToJson()), bytes => OutsideVerdict.Read(check, Encoding.UTF8.GetString(bytes)), cancel);

    /// <exception cref="MissingSecretException">The variable of its key is not set.</exception>
    public Task<RunOutcome> Score(OutsideCheck.Judge check, OutsideQuestion question, CancellationToken cancel) =>
        Post(check, Serving.AddressOf(check.Address, "chat/completions"), check.KeyVariable, JudgePrompt.Body(check, question), bytes => JudgePrompt.Read(check, bytes), cancel);

    public void Dispose() => _http.Dispose();

    private async Task<RunOutcome> Post(OutsideCheck check, Uri address, string? keyVariable, byte[] body, Func<byte[], RunOutcome> read, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } } };
        if (keyVariable is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Serving.SecretOf(keyVariable, Environment.GetEnvironmentVariable));
        }

        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(check.Timeout);
        try
        {
            using var response = await _http.SendAsync(request, late.Token);
            return response.IsSuccessStatusCode
                ? read(await response.Content.ReadAsByteArrayAsync(late.Token))
                : new RunOutcome.Unknown($"{check.Name}: {address.Authority} answered {(int)response.StatusCode}");
        }
        catch (HttpRequestException e)
        {
            return new RunOutcome.Unknown($"{check.Name}: {address.Authority} cannot be asked: {e.HttpRequestError}");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new RunOutcome.Unknown($"{check.Name}: {address.Authority} said nothing within {check.Timeout.TotalSeconds:0} s");
        }
    }
}
