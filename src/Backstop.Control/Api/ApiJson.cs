using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Api;

/// <summary>Answers.</summary>
internal static class ApiJson
{
    public static Answer<T> Ok<T>(T value, int status = StatusCodes.Status200OK) => new(value, status);
}
