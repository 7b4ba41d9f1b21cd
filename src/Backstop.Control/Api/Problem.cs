using Backstop.Control.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Backstop.Control.Api;

/// <summary>A request that cannot be served; the text says why and what to do.</summary>
public sealed class RefusedException(int status, string title, string detail) : Exception(detail)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>What kind of problem it is, the same words each time.</summary>
    public string Title => title;

    /// <summary>Facts a program can act on, such as the actual generation.</summary>
    public Dictionary<string, object?> Facts { get; } = new(StringComparer.Ordinal);

    /// <summary>The request itself is wrong.</summary>
    public static RefusedException Invalid(string detail) => new(StatusCodes.Status400BadRequest, "Invalid request", detail);

    /// <summary>The caller may not.</summary>
    public static RefusedException Forbidden(string detail) => new(StatusCodes.Status403Forbidden, "Forbidden", detail);

    /// <summary>There is nothing of this name.</summary>
    public static RefusedException Missing(string detail) => new(StatusCodes.Status404NotFound, "Not found", detail);

    /// <summary>The present state does not allow it.</summary>
    public static RefusedException Conflict(string detail) => new(StatusCodes.Status409Conflict, "Conflict", detail);
}

/// <summary>The one place where what went wrong becomes an answer (RFC 9457).</summary>
internal sealed partial class ProblemFilter : IEndpointFilter
{
    private const int LongestDetail = 2000;

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (RefusedException e)
        {
            // What was sent may stand in the sentence, and may be a megabyte.
            var detail = e.Message.Length <= LongestDetail ? e.Message : e.Message[..LongestDetail] + "…";
            return Results.Problem(detail, statusCode: e.Status, title: e.Title, extensions: e.Facts);
        }
        catch (BadHttpRequestException e)
        {
            return Results.Problem(e.Message, statusCode: e.StatusCode, title: "Invalid request");
        }
        catch (StoreException e)
        {
            StoreOut(Log(context), context.HttpContext.Request.Path, e.Message);
            return Later(context, "Store unavailable", e.Message);
        }
        catch (Exception e) when (e is TimeoutException or SiloUnavailableException or OrleansMessageRejectionException)
        {
            OwnerOut(Log(context), context.HttpContext.Request.Path, e.Message);
            return Later(
                context, "Owner unavailable", "The control plane that owns this alias does not answer; another one takes it up within seconds. Look whether it was done, and ask again.");
        }
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty; // The caller left; there is nobody to answer.
        }
        catch (Exception e)
        {
            Unexpected(Log(context), context.HttpContext.Request.Path, e);
            return Results.Problem(
                "The control plane could not do this. Its log has the cause.", statusCode: StatusCodes.Status500InternalServerError, title: "Unexpected failure");
        }
    }

    private static IResult Later(EndpointFilterInvocationContext context, string title, string detail)
    {
        context.HttpContext.Response.Headers.RetryAfter = "1";
        return Results.Problem(detail, statusCode: StatusCodes.Status503ServiceUnavailable, title: title);
    }

    private static ILogger Log(EndpointFilterInvocationContext context) =>
        context.HttpContext.RequestServices.GetRequiredService<ILogger<ProblemFilter>>();

    [LoggerMessage(3302, LogLevel.Error, "A request to {Path} failed: {Reason}")]
    private static partial void StoreOut(ILogger logger, string path, string reason);

    [LoggerMessage(3303, LogLevel.Error, "A request to {Path} had no answer of the alias's owner: {Reason}")]
    private static partial void OwnerOut(ILogger logger, string path, string reason);

    [LoggerMessage(3301, LogLevel.Error, "A request to {Path} failed unexpectedly.")]
    private static partial void Unexpected(ILogger logger, string path, Exception exception);
}
