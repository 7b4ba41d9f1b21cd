using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>Reads an answer that is not streamed, and screens it whole.</summary>
public sealed class WholeAnswer(GatewayOptions options)
{
    public async Task<Screened> Read(UpstreamResult.Answering answering, ReleasePool pool, RingContext context, RequestTime time)
    {
        var status = (int)answering.Response.StatusCode;
        if (status is < 200 or > 299 && !IsTheCallers(status))
        {
            return new Screened.Failed(ApiError.UpstreamError($"it answered with status {status}."));
        }

        ReadOnlyMemory<byte> body;
        try
        {
            await using var stream = await answering.Response.Content.ReadAsStreamAsync(time.Left);
            if (await BoundedBody.Read(stream, options.MaxAnswerBytes, time, options.BetweenBytesTimeout) is not { } read)
            {
                return new Screened.Failed(ApiError.UpstreamError("its answer is too long."));
            }

            body = read;
        }
        catch (OperationCanceledException) when (!time.Left.IsCancellationRequested)
        {
            return new Screened.Failed(ApiError.UpstreamTimeout());
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return new Screened.Failed(ApiError.UpstreamError("its answer broke off."));
        }

        return IsTheCallers(status)
            ? Refused(status, body, answering.Response.Headers.RetryAfter?.ToString())
            : Screen(status, body, pool.Ring.Open(context));
    }

    /// <summary>Whether a status speaks of what the caller sent.</summary>
    /// <remarks>
    /// Key, address, method and the model's name are the gateway's own: a release that gets those wrong fails everybody, and
    /// it is the release that must be put back.
    /// </remarks>
    private static bool IsTheCallers(int status) => status is >= 400 and <= 499 and not (401 or 403 or 404 or 405 or 407 or 408);

    private static Screened.Refused Refused(int status, ReadOnlyMemory<byte> body, string? retryAfter) =>
        new(status, ChatAnswer.IsError(body) ? body : ApiError.UpstreamRefused(status).ToJson(), retryAfter);

    private static Screened Screen(int status, ReadOnlyMemory<byte> body, RingSession session)
    {
        List<AnswerText> texts;
        try
        {
            texts = ChatAnswer.Read(body);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new Screened.Failed(ApiError.UpstreamError("its answer is not a chat completion."));
        }

        var recorded = Outcome.Unlabelled;
        var edits = new List<AnswerText>();
        foreach (var text in texts)
        {
            var ruling = session.ScreenOutput(ScanUnit.Output(text.Text, text.Place.Choice) with { Stage = text.Place.Stage });
            if (ruling.Stops)
            {
                return new Screened.Blocked(ChatAnswer.Blocked(body, ruling.SafeText ?? GuardPolicy.DefaultBlockedResponse), text.Text, ruling);
            }

            if (ruling.FixedText is { } fixedText)
            {
                edits.Add(text with { Text = fixedText });
            }

            recorded = recorded == Outcome.Unlabelled ? Screened.Of(ruling) : recorded;
        }

        return new Screened.Deliverable(
            status, edits.Count == 0 ? body : ChatAnswer.WithTexts(body, edits), texts.Count > 0 ? texts[0].Text : "", recorded);
    }
}
