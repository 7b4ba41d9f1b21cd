using System.Text;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Access;

/// <summary>What a request says about who sends it.</summary>
internal static class Credentials
{
    /// <summary>Where a request carries the sentence that says why its credentials do not count.</summary>
    public static readonly object Problem = new();

    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    /// <summary>The key or token, or null when there is none.</summary>
    /// <remarks>
    /// Browsers send a password along with every request to a server, whichever page asked for it; so a password counts for
    /// looking only.
    /// </remarks>
    public static string? Of(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return header[Bearer.Length..].Trim();
        }

        return header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase) && HttpMethods.IsGet(request.Method) ? Password(header[Basic.Length..]) : null;
    }

    private static string? Password(string encoded)
    {
        var bytes = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded.Trim(), bytes, out var length))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes, 0, length);
        return text.IndexOf(':', StringComparison.Ordinal) is >= 0 and var colon ? text[(colon + 1)..] : null;
    }
}
