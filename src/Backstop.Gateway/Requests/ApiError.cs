using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>An error in OpenAI's form. The code is a promise to clients: it does not change.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="Param">The field of the request it is about, if any.</param>
public sealed record ApiError(int Status, string Code, string Message, string? Param = null)
{
    private string Type => Status switch
    {
        401 => "authentication_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    public static ApiError InvalidJson(string detail) =>
        new(400, "invalid_json", $"The request body is not a valid JSON object: {detail}");

    public static ApiError InvalidRequest(string message, string param) => new(400, "invalid_request", message, param);

    public static ApiError DuplicateMember(string name) => new(
        400, "duplicate_member", $"The request body has the member '{Shown(name)}' twice. Send it once: which of the two would count is not defined.",
        Shown(name));

    public static ApiError MissingModel() =>
        new(400, "missing_model", "The 'model' field is missing: name an alias, such as 'assistant:prod'. GET /v1/models lists them.", "model");

    public static ApiError UnknownAlias(string alias) =>
        new(404, "unknown_alias", $"There is no alias '{Shown(alias)}'. GET /v1/models lists the aliases.", "model");

    public static ApiError BodyTooLarge(int limit) =>
        new(413, "body_too_large", $"The request body is larger than the limit of {limit} bytes.");

    public static ApiError RequestTimeout() => new(408, "request_timeout", "The request body did not arrive in time.");

    public static ApiError InputBlocked(string safeText) => new(400, "content_filter", safeText, "messages");

    public static ApiError NoWarmRelease(string alias) =>
        new(503, "no_warm_release", $"No replica of any release of '{alias}' answers. Try again soon.");

    public static ApiError UpstreamError(string detail) => new(502, "upstream_error", $"The model server failed: {detail}");

    public static ApiError UpstreamRefused(int status) =>
        new(status, "upstream_refused", $"The model server refused the request with status {status}.");

    public static ApiError UpstreamTimeout() => new(504, "upstream_timeout", "The model server did not answer in time.");

    public static ApiError UnknownRequest(string id) => new(
        404, "unknown_request", $"No request '{Shown(id)}' waits for feedback here: it is unknown, already labelled, or its deadline passed.", "request_id");

    public static ApiError UnknownAddress() => new(
        404, "unknown_address", "There is nothing here. The gateway answers POST /v1/chat/completions, GET /v1/models and POST /v1/feedback.");

    public static ApiError Unexpected() =>
        new(500, "internal_error", "An unexpected error. The request id names it in the gateway's log.");

    // What a caller sent is shown back short: an error must not be as long as the request.
    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";

    /// <summary>The body: <c>{"error":{"message","type","param","code"}}</c>.</summary>
    public byte[] ToJson()
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("message", Message);
            json.WriteString("type", Type);
            json.WriteString("param", Param);
            json.WriteString("code", Code);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
