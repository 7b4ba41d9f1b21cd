using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Requests;

/// <summary>Names a request in headers, feedback and logs.</summary>
public static class RequestId
{
    private const int Longest = 128;

    /// <summary>The caller's own id when it is 1 to 128 letters, digits, '-', '_', '.' or ':', else a new one.</summary>
    public static string Of(HttpRequest request) =>
        request.Headers.TryGetValue("x-request-id", out var values) && values is [{ Length: > 0 and <= Longest } given] && IsId(given)
            ? given
            : Guid.CreateVersion7().ToString("N", CultureInfo.InvariantCulture);

    private static bool IsId(string given)
    {
        foreach (var c in given)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or ':'))
            {
                return false;
            }
        }

        return true;
    }
}
