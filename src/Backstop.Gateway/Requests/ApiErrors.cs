using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>Answers a caller with an error, the same way on every address.</summary>
internal static class ApiErrors
{
    /// <summary>Sends the error, unless an answer has begun: then only cutting it off tells the caller that it is not whole.</summary>
    public static async Task Refuse(this HttpContext http, ApiError error)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = error.Status;
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(error.ToJson(), http.RequestAborted);
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
