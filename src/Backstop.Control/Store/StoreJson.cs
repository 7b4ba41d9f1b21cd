using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backstop.Control.Store;

/// <summary>How records are written into rows and answers: snake case, enumerations by name.</summary>
public static class StoreJson
{
    /// <summary>The one set of rules.</summary>
    public static JsonSerializerOptions Options { get; } = Make();

    /// <summary>The record as JSON text.</summary>
    public static string Write<T>(T record) => JsonSerializer.Serialize(record, Options);

    /// <summary>The record that was written.</summary>
    /// <exception cref="InvalidDataException">The row holds something else: the store was changed by hand.</exception>
    public static T Read<T>(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options) ?? throw new InvalidDataException($"A row holds no {typeof(T).Name}.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"A row does not hold a {typeof(T).Name}: {e.Message}", e);
        }
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
