using Backstop.Control.Store;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Api;

/// <summary>Answers in the API's spelling, whatever the host's defaults are.</summary>
internal static class ApiJson
{
    public static IResult Ok<T>(T value, int status = StatusCodes.Status200OK) => Results.Json(value, StoreJson.Options, statusCode: status);
}
