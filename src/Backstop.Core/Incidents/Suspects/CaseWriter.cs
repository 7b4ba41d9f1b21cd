using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Writes a case in the format that <see cref="CaseReader"/> reads.</summary>
public static class CaseWriter
{
    private static readonly JsonSerializerOptions Form = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The case in one line.</summary>
    public static string Write(IncidentCase incident) => JsonSerializer.Serialize(incident, Form);
}
