using System.Text.Json;
using Backstop.Core.Inputs;
using Backstop.Core.Text;

namespace Backstop.Gateway.Requests;

/// <summary>The form in which a client of a protocol can read an error.</summary>
public enum ErrorForm
{
    /// <summary><c>{"error":{"message","type","param","code"}}</c>.</summary>
    OpenAi,

    /// <summary><c>{"error":"message"}</c>.</summary>
    OpenInference,
}

/// <summary>An error as a caller is told it. The code is a promise to clients: it does not change.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="Param">The field of the request it is about, if any.</param>
public sealed record ApiError(int Status, string Code, string Message, string? Param = null)
{
    /// <summary>When to try again; null where nothing is known about that.</summary>
    public TimeSpan? RetryAfter { get; init; }

    private string Type => Status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
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

    public static ApiError MissingKey() => new(401, "missing_key", "This gateway asks for a key: send it as 'Authorization: Bearer KEY'.");

    public static ApiError UnknownKey() => new(
        401, "invalid_key", "No such key may call models here. Check that it was copied whole, that it was not revoked, and that it has the scope 'invoke'.");

    public static ApiError KeyOver(string prefix) => new(401, "expired_key", $"The key {prefix} has expired. Ask for a new one.");

    public static ApiError AliasForbidden(string alias) => new(
        403, "alias_forbidden", $"This key may not call '{Shown(alias)}'. GET /v1/models lists what it may.", "model");

    public static ApiError BodyTooLarge(int limit) =>
        new(413, "body_too_large", $"The request body is larger than the limit of {limit} bytes.");

    public static ApiError RequestTimeout() => new(408, "request_timeout", "The request body did not arrive in time.");

    public static ApiError EncodedBody() => new(
        415, "body_encoded", "The request body is compressed, and its texts could not be screened. Send it without 'Content-Encoding'.");

    public static ApiError BinaryTensors(string param) => new(
        400, "binary_tensors",
        "Tensors in binary or in shared memory could not be screened. Send them and ask for them as JSON (tritonclient: binary_data=False).", param);

    public static ApiError Tokens(string param) => new(
        400, "tokens_unreadable",
        $"The '{param}' field holds tokens, which the checks of this alias cannot read. Send text (LangChain: check_embedding_ctx_length=False).", param);

    public static ApiError NoVersions(string alias) => new(
        404, "no_versions", $"An alias has no versions: which release answers is what its route says. Leave '/versions/…' out: /v2/models/{Shown(alias)}.");

    public static ApiError WrongProtocol(string alias, string protocol) => new(400, "wrong_protocol", protocol == "open-inference"
        ? $"The model servers of '{alias}' speak Open Inference: POST /v2/models/{alias}/infer."
        : $"The model servers of '{alias}' speak OpenAI's API: POST /v1/chat/completions, /v1/completions or /v1/embeddings with '{alias}' as the model.");

    public static ApiError InputBlocked(string safeText, string param) => new(400, "content_filter", safeText, param);

    /// <summary>For answers in which a safe text would be taken for data.</summary>
    public static ApiError OutputBlocked(string safeText) => new(502, "output_blocked", safeText);

    /// <summary>The variables of a request are not what the prompt of the release needs.</summary>
    public static ApiError PromptVariables(string detail) => new(400, "prompt_variables", $"{detail} Send them as the object 'variables' beside 'messages'.", "variables");

    /// <param name="counted">What the system message was counted as; see <see cref="PromptFingerprint"/>.</param>
    public static ApiError UnknownPrompt(string alias, string counted) => new(
        422,
        "unknown_prompt",
        $"'{alias}' takes only system messages that are known, and {PromptFingerprint.Bare(counted)}{(PromptFingerprint.CopyOf(counted) is { } copied ? $", a changed copy of the prompt {copied}," : "")} is none of them. Register the prompt, or send the one that is.",
        "messages");

    public static ApiError StaleRetrieval(string alias, double days, double limit) => new(
        422, "stale_retrieval", string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"The retrieved documents are {days:0.##} days old, and '{alias}' takes none from {limit:0.##} on. Ask again without them, or with those of the last good index."));

    /// <param name="index">Where the request's documents came from, as far as it said.</param>
    public static ApiError RetrievalBypassed(string alias, string? index) => new(
        422, "retrieval_bypassed",
        $"'{alias}' takes no documents {(index is null ? "of any index that is not named" : $"of '{Shown(index)}'")} for now. Ask again without them, and retrieve none while answers carry 'x-backstop-retrieval: bypass=…'.");

    public static ApiError NoWarmRelease(string alias) =>
        new(503, "no_warm_release", $"No replica of any release of '{alias}' answers. Try again soon.");

    public static ApiError UpstreamError(string detail) => new(502, "upstream_error", $"The model server failed: {detail}");

    public static ApiError UpstreamRefused(int status) =>
        new(status, "upstream_refused", $"The model server refused the request with status {status}.");

    public static ApiError UpstreamTimeout() => new(504, "upstream_timeout", "The model server did not answer in time.");

    public static ApiError CallerTooFast(string alias, TimeSpan wait) => new(
        429, "rate_limit_exceeded", $"You ask '{alias}' more often than each caller may. Try again in {Seconds(wait)} s.") { RetryAfter = wait };

    public static ApiError CallerTooMany(string alias, TimeSpan wait) => new(
        429, "concurrency_limit_exceeded", $"You have as many requests to '{alias}' under way as each caller may. Wait for one to end.") { RetryAfter = wait };

    public static ApiError AliasTooFast(string alias, TimeSpan wait) => new(
        429, "rate_limit_exceeded", $"'{alias}' is asked more often than it may be. Try again in {Seconds(wait)} s.") { RetryAfter = wait };

    public static ApiError Overloaded(TimeSpan wait) =>
        new(503, "overloaded", $"Too many requests are under way. Try again in {Seconds(wait)} s.") { RetryAfter = wait };

    /// <summary>For a stream whose release was swapped out under it.</summary>
    public static ApiError ReleaseReplaced() => new(
        503, "release_replaced", "The release that was answering was taken out of service. Ask again: another one answers.") { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>For a stream that was not over when its gateway had to stop.</summary>
    public static ApiError GatewayStopping() => new(
        503, "gateway_stopping", "The gateway that was answering had to stop before the answer was over. Ask again: another one answers.") { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>For whoever asks a gateway that is about to be gone.</summary>
    public static ApiError GatewayLeaves() => new(
        503, "gateway_stopping", "This gateway stops and takes nothing new. Ask again: another one answers.") { RetryAfter = TimeSpan.FromSeconds(1) };

    public static ApiError TestersOnly(string alias) => new(
        403, "release_not_selectable", $"Nobody may choose the release of '{alias}'. Leave the header 'x-backstop-release' out.");

    public static ApiError NoTester(string alias) => new(
        403, "release_not_selectable", $"This key may not choose the release of '{alias}': it needs the scope 'read' beside 'invoke'. Leave the header 'x-backstop-release' out.");

    public static ApiError UnknownChoice(string alias, string release) => new(
        400, "unknown_release", $"'{alias}' has no release '{Shown(release)}' to choose from. Leave the header 'x-backstop-release' out.");

    public static ApiError UnknownRequest(string id) => new(
        404, "unknown_request", $"No request '{Shown(id)}' waits for feedback here: it is unknown, already labelled, or its deadline passed.", "request_id");

    public static ApiError UnknownSignal(string name, IReadOnlyCollection<string> known) => new(
        400, "unknown_signal",
        known.Count == 0
            ? $"Nobody may post '{Shown(name)}' here: the alias's traffic policy names no signal that is posted. Add it under 'signals'."
            : $"Nobody may post '{Shown(name)}' here.{Suggestion.For(name, known)} The alias's traffic policy takes: {string.Join(", ", known)}.", "signals");

    public static ApiError UnknownAddress() => new(
        404, "unknown_address",
        "There is nothing here. The gateway answers POST /v1/chat/completions, /v1/completions, /v1/embeddings, /v1/responses, /v1/feedback, /v1/signals and /v2/models/{alias}/infer, and GET /v1/models.");

    public static ApiError Unexpected() =>
        new(500, "internal_error", "An unexpected error. The request id names it in the gateway's log.");

    /// <summary>Whole seconds, as <c>Retry-After</c> has them: never a little too early.</summary>
    public static long Seconds(TimeSpan wait) => (long)Math.Max(1, Math.Ceiling(wait.TotalSeconds));

    // What a caller sent is shown back short: an error must not be as long as the request.
    private static string Shown(string text) => text.Length <= 100 ? text : text[..100] + "…";

    /// <summary>The body.</summary>
    public byte[] ToJson(ErrorForm form = ErrorForm.OpenAi)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (form == ErrorForm.OpenInference)
            {
                json.WriteString("error", Message);
            }
            else
            {
                json.WriteStartObject("error");
                json.WriteString("message", Message);
                json.WriteString("type", Type);
                json.WriteString("param", Param);
                json.WriteString("code", Code);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }
}
