using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>Strings in JSON that are left where they stand until somebody wants to read them.</summary>
internal static class JsonText
{
    // What almost every request says, so that it is not made anew for each.
    private static readonly string[] Common =
    [
        "model", "messages", "stream", "temperature", "max_tokens", "max_completion_tokens", "top_p", "n", "stop", "seed", "user", "tools",
        "tool_choice", "response_format", "stream_options", "logprobs", "metadata", "prompt", "input", "inputs", "outputs", "parameters", "id",
        "system", "assistant", "developer", "tool", "function",
    ];

    /// <summary>The string the reader stands on, when it is a name: of a member, of a role.</summary>
    public static string Name(ref Utf8JsonReader reader)
    {
        foreach (var name in Common)
        {
            if (name.Length == reader.ValueSpan.Length && reader.ValueTextEquals(name))
            {
                return name;
            }
        }

        return reader.GetString()!;
    }

    /// <summary>Where the string the reader stands on is, quotes included.</summary>
    /// <exception cref="InvalidOperationException">It holds half a surrogate pair, so it could not be read later.</exception>
    public static Range Place(ref Utf8JsonReader reader)
    {
        if (reader.ValueIsEscaped && reader.ValueSpan.IndexOf("\\u"u8) >= 0)
        {
            reader.GetString();
        }

        return (int)reader.TokenStartIndex..(int)reader.BytesConsumed;
    }

    /// <summary>The string that stands at a place.</summary>
    public static string At(ReadOnlySpan<byte> json, Range place)
    {
        var reader = new Utf8JsonReader(json[place]);
        reader.Read();
        return reader.GetString()!;
    }
}
