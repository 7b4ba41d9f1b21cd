namespace Backstop.Core.Guards;

/// <summary>What was taken out of one request and may come back in its answer, by the token that stands for it.</summary>
/// <remarks>Lives as long as the request, in memory only. The same value gets the same token, so that a model can tell who is who.</remarks>
public sealed class TokenVault
{
    // Most requests have none.
    private Dictionary<string, string>? _tokens;
    private Dictionary<string, string>? _values;

    public bool IsEmpty => _values is null;

    /// <summary>Most characters of a token.</summary>
    public int Longest { get; private set; }

    /// <summary>The token for a value, such as <c>[EMAIL_ADDRESS_1]</c>.</summary>
    public string TokenFor(string type, ReadOnlySpan<char> value)
    {
        var key = $"{type} {value}";
        _tokens ??= new(StringComparer.Ordinal);
        _values ??= new(StringComparer.Ordinal);
        if (!_tokens.TryGetValue(key, out var token))
        {
            token = $"[{type}_{_values.Count + 1}]";
            _tokens.Add(key, token);
            _values.Add(token, value.ToString());
            Longest = Math.Max(Longest, token.Length);
        }

        return token;
    }

    /// <summary>What a token stands for, or null when this request has no such token.</summary>
    public string? ValueOf(ReadOnlySpan<char> token) =>
        _values is not null && _values.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(token, out var value) ? value : null;
}
