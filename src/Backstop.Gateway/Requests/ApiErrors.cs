using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>Answers a caller with an error, the same way on every address.</summary>
internal static class ApiErrors
{
    /// <summary>Sends the error, unless an answer has begun: then only cutting it off tells the caller that it is not whole.</summary>
    /// <remarks>The code is in a header too: not every form has a place for it.</remarks>
    public static async Task Refuse(this HttpContext http, ApiError error, ErrorForm form = ErrorForm.OpenAi)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = error.Status;
        http.Response.ContentType = "application/json";
        http.Response.Headers["x-backstop-error"] = error.Code;
        if (error.RetryAfter is { } wait)
        {
            http.Response.Headers.RetryAfter = ApiError.Seconds(wait).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await http.Response.Body.WriteAsync(error.ToJson(form), http.RequestAborted);
    }

    /// <summary>The error for what the world does to a request, most specific first; null for what only a bug can cause.</summary>
    public static ApiError? Of(Exception e) => e switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => ApiError.RequestTimeout(),
        BadHttpRequestException bad => new(bad.StatusCode, "bad_request", "The HTTP request is broken: its body does not end as its headers say."),
        OperationCanceledException => ApiError.RequestTimeout(),
        _ => null,
    };
}
