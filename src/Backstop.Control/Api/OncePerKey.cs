using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Backstop.Control.Api;

/// <summary>Does what is asked under one <c>Idempotency-Key</c> once, and gives the same answer however often it is asked.</summary>
/// <remarks>
/// The key is taken before anything is done and the answer kept after it. A process that died in between may have done it or
/// not; who asks again hears so, instead of having it done twice. What was refused did nothing, so its key is free again.
/// </remarks>
internal sealed class OncePerKey(AnswerShelf shelf) : IEndpointFilter
{
    public const string Header = "Idempotency-Key";

    /// <summary>Says of an answer that it was given before.</summary>
    public const string Repeated = "Idempotency-Replayed";

    private const int LongestKey = 200;

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (HttpMethods.IsGet(http.Request.Method) || !http.Request.Headers.TryGetValue(Header, out var given))
        {
            return await next(context);
        }

        var (caller, key) = (Caller.Of(http), Read(given));
        if (http.GetEndpoint()!.Metadata.OfType<ShownOnce>().Any())
        {
            throw RefusedException.Invalid($"This answer shows a secret that is kept nowhere, so it cannot be given twice: leave out '{Header}'.");
        }

        var request = await Digest(http.Request);
        return await shelf.Take(caller, key, request) switch
        {
            null => await Do(context, next, caller, key),
            { } first when first.Request != request => throw new RefusedException(
                StatusCodes.Status422UnprocessableEntity, "Key used before", $"Under this '{Header}' something else was asked before. Take a new key for a new request."),
            { Text: { } text } first => Again(http, first.Status, text),
            _ => throw RefusedException.Conflict(
                $"Under this '{Header}' the same was asked before, and it is still under way, or what did it died: it may have been done. " +
                "Wait a little and look before you ask again under a new key."),
        };
    }

    private static string Read(StringValues given) => given is [{ Length: > 0 and <= LongestKey } key] && key.All(c => c is > ' ' and <= '~')
        ? key
        : throw RefusedException.Invalid($"'{Header}' must be one text of 1 to {LongestKey} visible ASCII characters, such as a UUID.");

    private static IResult Again(HttpContext http, int status, string text)
    {
        http.Response.Headers[Repeated] = "true";
        return Results.Text(text, StrictBody.Json, Encoding.UTF8, status);
    }

    private static async Task<string> Digest(HttpRequest request)
    {
        var body = await StrictBody.ReadBytes(request.HttpContext);
        request.Body = new MemoryStream(body); // It is read again by who does it.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString} if-match {request.Headers.IfMatch}\n"));
        hash.AppendData(body);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private async Task<object?> Do(EndpointFilterInvocationContext context, EndpointFilterDelegate next, string caller, string key)
    {
        object? result;
        try
        {
            result = await next(context);
        }
        catch (RefusedException)
        {
            await shelf.GiveBack(caller, key);
            throw;
        }

        if (result is IKeepable answer)
        {
            await shelf.Keep(caller, key, answer.Status, answer.Text());
        }

        return result;
    }
}

/// <summary>An answer that can be given again.</summary>
internal interface IKeepable
{
    int Status { get; }

    string Text();
}

/// <summary>Answers with a secret that is kept nowhere.</summary>
internal sealed record ShownOnce;

/// <summary>How addresses declare it.</summary>
internal static class SecretDeclaration
{
    /// <summary>Answers with a secret that is kept nowhere.</summary>
    public static TBuilder ShowsSecret<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new ShownOnce());
}
