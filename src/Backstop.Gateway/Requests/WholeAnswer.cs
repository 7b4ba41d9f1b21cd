using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>Reads an answer that is not streamed, and screens it whole.</summary>
public sealed class WholeAnswer(GatewayOptions options)
{
    public async Task<Screened> Read(UpstreamResult.Answering answering, ReleasePool pool, RingContext context, CancellationToken left)
    {
        var status = (int)answering.Response.StatusCode;
        if (await Body(answering.Response, left) is not { } body)
        {
            return new Screened.Failed(ApiError.UpstreamError("its answer broke off, is too long, or took too long."));
        }

        if (status is < 200 or > 299)
        {
            return new Screened.Failed(ApiError.UpstreamError($"it answered with status {status}."), body, status);
        }

        List<ScanUnit> texts;
        try
        {
            texts = ChatAnswer.Read(body);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new Screened.Failed(ApiError.UpstreamError($"its answer is not a chat completion: {e.Message}"));
        }

        return Screen(status, body, texts, pool.Ring.Open(context));
    }

    private static Screened Screen(int status, byte[] body, List<ScanUnit> texts, RingSession session)
    {
        var recorded = Outcome.Unlabelled;
        var edits = new List<(int, string)>();
        foreach (var text in texts)
        {
            var ruling = session.ScreenOutput(text);
            if (ruling.Stops)
            {
                return new Screened.Blocked(ChatAnswer.Blocked(body, ruling.SafeText ?? GuardPolicy.DefaultBlockedResponse), text.Text, ruling);
            }

            if (ruling.FixedText is { } fixedText)
            {
                edits.Add((text.ChoiceIndex, fixedText));
            }

            recorded = recorded == Outcome.Unlabelled ? Screened.Of(ruling) : recorded;
        }

        return new Screened.Deliverable(
            status, edits.Count == 0 ? body : ChatAnswer.WithTexts(body, edits), texts.Count > 0 ? texts[0].Text : "", recorded);
    }

    private async Task<byte[]?> Body(HttpResponseMessage response, CancellationToken left)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(left);
        var buffer = new MemoryStream();
        var piece = new byte[16 * 1024];
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(patience.Token);
            while (true)
            {
                patience.CancelAfter(options.BetweenBytesTimeout);
                var read = await stream.ReadAsync(piece, patience.Token);
                if (read == 0)
                {
                    return buffer.ToArray();
                }

                buffer.Write(piece, 0, read);
                if (buffer.Length > options.MaxAnswerBytes)
                {
                    return null;
                }
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException || (e is OperationCanceledException && !left.IsCancellationRequested))
        {
            return null;
        }
    }
}
