using System.Collections;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Backstop.Core.Text;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Api;

/// <summary>Reads request bodies without guessing: a key nobody knows is an error with the key that was probably meant.</summary>
public static class StrictBody
{
    /// <summary>Largest body, in bytes: a manifest with a long prompt and a policy fits well.</summary>
    public const int MostBytes = 1024 * 1024;

    private static readonly JsonSerializerOptions Rules = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The body as a <typeparamref name="T"/>.</summary>
    /// <exception cref="RefusedException">It is too large, is not JSON, has a key nobody knows, or lacks one that is needed.</exception>
    public static async Task<T> Read<T>(HttpContext context)
    {
        var bytes = await ReadBytes(context);
        try
        {
            using var document = JsonDocument.Parse(bytes, new() { AllowDuplicateProperties = false });
            CheckKeys(document.RootElement, typeof(T), "the body");
            return document.RootElement.Deserialize<T>(Rules) ?? throw RefusedException.Invalid("The body is null; send a JSON object.");
        }
        catch (JsonException e)
        {
            throw RefusedException.Invalid($"The body is not what this address takes: {e.Message}");
        }
    }

    /// <summary>The body as JSON of a form that others define and extend.</summary>
    /// <exception cref="RefusedException">It is too large or not JSON.</exception>
    public static async Task<JsonElement> ReadJson(HttpContext context)
    {
        try
        {
            return JsonElement.Parse(await ReadBytes(context));
        }
        catch (JsonException e)
        {
            throw RefusedException.Invalid($"The body is not JSON: {e.Message}");
        }
    }

    private static async Task<byte[]> ReadBytes(HttpContext context)
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
