using System.Runtime.CompilerServices;
using System.Text.Json;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Upstreams;

namespace Backstop.Gateway.Requests;

/// <summary>Reads an answer that is not streamed, and screens it whole.</summary>
public sealed class WholeAnswer(GatewayOptions options, OutsideGuards guards)
{
    /// <param name="ring">What looks at its texts; null when nothing does.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Screened> Read(
        UpstreamResult.Answering answering, RingSession? ring, Dialect dialect, RequestTime time)
    {
        var status = answering.Answer.Head.Status;
        if (status is < 200 or > 299 && !IsTheCallers(status))
        {
            return new Screened.Failed(ApiError.UpstreamError($"it answered with status {status}."));
        }

        BodyBytes body;
        try
        {
            if (await BoundedBody.Read(answering.Answer.Body, options.MaxAnswerBytes, answering.Answer.Head.Length, time, time.BetweenTokens) is not { } read)
            {
                return new Screened.Failed(ApiError.UpstreamError("its answer is too long."));
            }

            body = read;
        }
        catch (OperationCanceledException) when (!time.Left.IsCancellationRequested)
        {
            return new Screened.Failed(ApiError.UpstreamTimeout());
        }
        catch (IOException)
        {
            return new Screened.Failed(ApiError.UpstreamError("its answer broke off."), BrokeOff: true);
        }

        if (ring is not null)
        {
            await LongText.Elsewhere(body.Memory.Length);
        }

        return IsTheCallers(status)
            ? Refused(status, body, dialect, answering.Answer.Head.RetryAfter)
            : await Screen(status, body, dialect, ring, time);
    }

    /// <summary>Whether a status speaks of what the caller sent.</summary>
    /// <remarks>
    /// Key, address, method and the model's name are the gateway's own: a release that gets those wrong fails everybody, and
    /// it is the release that must be put back.
    /// </remarks>
    private static bool IsTheCallers(int status) => status is >= 400 and <= 499 and not (401 or 403 or 404 or 405 or 407 or 408);

    private static Screened.Refused Refused(int status, BodyBytes body, Dialect dialect, string? retryAfter) => new(
        status, dialect.IsError(body.Memory) ? body : BodyBytes.Own(ApiError.UpstreamRefused(status).ToJson(dialect.Errors)), retryAfter);

    private static ScanUnit UnitOf(AnswerText text) => ScanUnit.Output(text.Text, text.Place.Choice) is var unit && text.Place.Stage == unit.Stage
        ? unit
        : unit with { Stage = text.Place.Stage };

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Screened> Screen(int status, BodyBytes body, Dialect dialect, RingSession? ring, RequestTime time)
    {
        List<AnswerText> texts;
        try
        {
            if (ring is null)
            {
                dialect.Expect(body.Memory);
                return new Screened.Deliverable(status, body, "", Outcome.Unlabelled);
            }

            texts = dialect.TextsOf(body.Memory);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return new Screened.Failed(ApiError.UpstreamError("its answer is not of the kind that was asked for."));
        }

        var recorded = Outcome.Unlabelled;
        List<AnswerText>? edits = null;
        foreach (var text in texts)
        {
            var ruling = await guards.Screen(ring, [UnitOf(text)], time.Left);
            if (ruling.Stops)
            {
                return new Screened.Blocked(dialect.Blocked(body.Memory, Screened.SafeTextOf(ruling)), text.Text, ruling);
            }

            if (ruling.FixedText is { } fixedText)
            {
                (edits ??= []).Add(text with { Text = fixedText });
            }

            recorded = recorded == Outcome.Unlabelled ? Screened.Of(ruling) : recorded;
        }

        return new Screened.Deliverable(
            status, edits is null ? body : BodyBytes.Own(dialect.WithTexts(body.Memory, edits)), texts.Count > 0 ? texts[0].Text : "", recorded);
    }
}
