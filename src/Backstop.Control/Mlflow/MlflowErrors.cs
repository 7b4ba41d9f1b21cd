using Backstop.Control.Api;
using Backstop.Control.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Mlflow;

/// <summary>The one place where what went wrong becomes an answer that MLflow's clients understand.</summary>
internal sealed partial class MlflowErrors : IEndpointFilter
{
    private const string Code = "error_code";

    /// <summary>A refusal under a code of MLflow.</summary>
    public static RefusedException Refused(string code, string message)
    {
        var refused = RefusedException.Invalid(message);
        refused.Facts[Code] = code;
        return refused;
    }

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (RefusedException e)
        {
            return Answer(e.Status, e.Facts.TryGetValue(Code, out var code) ? (string)code! : CodeOf(e.Status), e.Message);
        }
        catch (StoreException e)
        {
            return Answer(StatusCodes.Status503ServiceUnavailable, "TEMPORARILY_UNAVAILABLE", e.Message);
        }
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            return Results.Empty;
        }
        catch (Exception e)
        {
            Unexpected(context.HttpContext.RequestServices.GetRequiredService<ILogger<MlflowErrors>>(), context.HttpContext.Request.Path, e);
            return Answer(StatusCodes.Status500InternalServerError, "INTERNAL_ERROR", "The control plane could not do this. Its log has the cause.");
        }
    }

    private static IResult Answer(int status, string code, string message) => Results.Json(new Error(code, message), StoreJson.Options, statusCode: status);

    private static string CodeOf(int status) => status switch
    {
        StatusCodes.Status400BadRequest => "INVALID_PARAMETER_VALUE",
        StatusCodes.Status401Unauthorized => "UNAUTHENTICATED",
        StatusCodes.Status403Forbidden => "PERMISSION_DENIED",
        StatusCodes.Status404NotFound => "RESOURCE_DOES_NOT_EXIST",
        _ => "BAD_REQUEST",
    };

    private sealed record Error(string ErrorCode, string Message);

    [LoggerMessage(3303, LogLevel.Error, "A request to {Path} failed unexpectedly.")]
    private static partial void Unexpected(ILogger logger, string path, Exception exception);
}
