using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Limits;

/// <summary>What each caller of one alias uses. Bounded: whoever invents callers gets one limit for all of them together.</summary>
public sealed class Callers(TimeProvider time)
{
    /// <summary>Callers that are told apart at one time.</summary>
    public const int Most = 10_000;

    private readonly ConcurrentDictionary<string, Usage> _usage = new(StringComparer.Ordinal);
    private readonly Usage _others = new(time);

    /// <summary>Who asks: the value of the header that names callers where one is configured, else the key, else the address.</summary>
    /// <remarks>A key goes by its name, so that its successor of that name shares its limit; what is no key of ours goes by a hash, and is not kept.</remarks>
    /// <param name="key">The name of the key that was shown; empty where none is needed.</param>
    public static string NameOf(HttpContext http, string? header, string key)
    {
        if (header is not null && http.Request.Headers.TryGetValue(header, out var named) && named.ToString() is { Length: > 0 } name)
        {
            return Hashed(name);
        }

        if (key.Length > 0)
        {
            return $"key {key}";
        }

        return http.Request.Headers.Authorization.ToString() is { Length: > 0 } shown
            ? Hashed(shown)
            : http.Connection.RemoteIpAddress?.ToString() ?? "";
    }

    public Usage Of(string caller)
    {
        if (_usage.TryGetValue(caller, out var usage))
        {
            return usage;
        }

        if (_usage.Count >= Most)
        {
            Forget();
        }

        return _usage.Count >= Most ? _others : _usage.GetOrAdd(caller, static (_, time) => new(time), time);
    }

    private void Forget()
    {
        foreach (var (caller, usage) in _usage)
        {
            if (usage.IsIdle)
            {
                _usage.TryRemove(caller, out _);
            }
        }
    }

    private static string Hashed(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 16));
}
