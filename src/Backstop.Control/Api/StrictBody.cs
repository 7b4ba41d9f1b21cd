using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using Backstop.Core.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Backstop.Control.Api;

/// <summary>Reads request bodies without guessing: a key nobody knows is an error with the key that was probably meant.</summary>
public static class StrictBody
{
    /// <summary>Largest body, in bytes: a manifest with a long prompt and a policy fits well.</summary>
    public const int MostBytes = 1024 * 1024;

    /// <summary>The only form of a body.</summary>
    internal const string Json = "application/json";

    /// <summary>How bodies are read.</summary>
    internal static readonly JsonSerializerOptions Rules = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The body as a <typeparamref name="T"/>.</summary>
    /// <exception cref="RefusedException">It is too large, is not JSON, has a key nobody knows, or lacks one that is needed.</exception>
    public static async Task<T> Read<T>(HttpContext context)
    {
        var bytes = await ReadBytes(context);
        if (bytes.Length == 0 && typeof(T) == typeof(Nothing))
        {
            bytes = [.. "{}"u8];
        }
        else
        {
            ExpectJson(context.Request);
        }

        if (!Utf8.IsValid(bytes))
        {
            throw RefusedException.Invalid("The body is not UTF-8, the encoding of JSON.");
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, new() { AllowDuplicateProperties = false });
            if (bytes.AsSpan().IndexOf("\\u"u8) >= 0)
            {
                CheckText(document.RootElement);
            }

            CheckKeys(document.RootElement, typeof(T), "the body");
            return document.RootElement.Deserialize<T>(Rules) ?? throw RefusedException.Invalid("The body is null; send a JSON object.");
        }
        catch (JsonException e)
        {
            throw RefusedException.Invalid($"The body is not what this address takes: {e.Message}");
        }
    }

    // A form of a page of another site may be sent as plain text without asking; JSON may not.
    private static void ExpectJson(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MatchesMediaType(Json)
            || (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            throw new RefusedException(
                StatusCodes.Status415UnsupportedMediaType, "Unsupported media type", $"Send JSON in UTF-8, with the header 'Content-Type: {Json}'.");
        }
    }

    // Escapes can say what no text may hold: half a character, or the NUL that PostgreSQL keeps in no text.
    private static void CheckText(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                ExpectText(value.GetString);
                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                {
                    CheckText(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var key in value.EnumerateObject())
                {
                    ExpectText(() => key.Name);
                    CheckText(key.Value);
                }

                break;
        }
    }

    private static void ExpectText(Func<string?> read)
    {
        try
        {
            if (read()?.Contains('\0', StringComparison.Ordinal) == true)
            {
                throw RefusedException.Invalid("A text in the body holds the character U+0000, which cannot be kept.");
            }
        }
        catch (InvalidOperationException)
        {
            throw RefusedException.Invalid("A text in the body holds half of a surrogate pair, which is no character.");
        }
    }

    /// <summary>The body as it came.</summary>
    /// <exception cref="RefusedException">It is too large.</exception>
    internal static async Task<byte[]> ReadBytes(HttpContext context)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted)) > 0)
        {
            if (buffer.Length + read > MostBytes)
            {
                throw new RefusedException(StatusCodes.Status413PayloadTooLarge, "Body too large", $"The body is larger than {MostBytes} bytes.");
            }

            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }

    private static void CheckKeys(JsonElement value, Type type, string where)
    {
        if (value.ValueKind == JsonValueKind.Array && type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type) && type.HasElementType)
        {
            foreach (var item in value.EnumerateArray())
            {
                CheckKeys(item, type.GetElementType()!, where);
            }
        }

        if (value.ValueKind != JsonValueKind.Object || type == typeof(JsonElement))
        {
            return;
        }

        var info = Rules.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
        if (info.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        foreach (var key in value.EnumerateObject())
        {
            var property = info.Properties.FirstOrDefault(p => p.Name == key.Name)
                ?? throw RefusedException.Invalid(
                    $"Unknown key '{key.Name}' in {where}.{Suggestion.For(key.Name, info.Properties.Select(p => p.Name))}");
            CheckKeys(key.Value, property.PropertyType, $"'{key.Name}'");
        }
    }
}
