using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>Names a request in headers, feedback and logs.</summary>
public static class RequestId
{
    /// <summary>The caller's own id when it is 1 to 128 letters, digits, '-', '_', '.' or ':', else a new one.</summary>
    public static string Of(HttpRequest request)
    {
        var given = request.Headers["x-request-id"].ToString();
        return given.Length is > 0 and <= 128 && given.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':')
            ? given
            : Guid.CreateVersion7().ToString("N", CultureInfo.InvariantCulture);
    }
}
