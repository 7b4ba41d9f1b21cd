using System.Text.Json;
using Backstop.Gateway.Inputs;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Dialects;

/// <summary>Reads what people may have written, or may read, out of tensors in JSON.</summary>
/// <remarks>
/// In JSON only elements of BYTES tensors are strings, so every string under <c>data</c> is a text, whatever the tensor says it
/// is: its <c>datatype</c> may stand behind the data, and a model server may not believe it.
/// </remarks>
internal static class Tensors
{
    /// <summary>Reads an array of tensors. The reader stands on its first bracket and is left on its last.</summary>
    /// <param name="features">Told the elements that may be features, or null.</param>
    /// <param name="problem">What the first tensor lacks that is not one: the element and what is wrong, or null.</param>
    /// <returns>Where each text stands.</returns>
    public static List<Range> Read(ref Utf8JsonReader reader, FeatureReader? features, out (int Index, string What)? problem)
    {
        var texts = new List<Range>();
        problem = null;
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                problem ??= (index, "is not an object");
                reader.Skip();
                continue;
            }

            if (!ReadTensor(ref reader, texts, features))
            {
                problem ??= (index, "has no 'data' array");
            }
        }

        return texts;
    }

    private static bool ReadTensor(ref Utf8JsonReader reader, List<Range> texts, FeatureReader? features)
    {
        var (hasData, name, width) = (false, "", 0);
        features?.BeginTensor();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isData = reader.ValueTextEquals("data"u8);
            var isName = features is not null && reader.ValueTextEquals("name"u8);
            var isShape = features is not null && reader.ValueTextEquals("shape"u8);
            reader.Read();
            if (isData && reader.TokenType == JsonTokenType.StartArray)
            {
                hasData = true;
                ReadData(ref reader, texts, features);
            }
            else if (isShape && reader.TokenType == JsonTokenType.StartArray)
            {
                width = LastColumn(ref reader);
            }
            else
            {
                name = isName && reader.TokenType == JsonTokenType.String ? reader.GetString()! : name;
                reader.Skip();
            }
        }

        features?.EndTensor(name, width);
        return hasData;
    }

    // The elements stand in one array, or in arrays of the tensor's shape.
    private static void ReadData(ref Utf8JsonReader reader, List<Range> texts, FeatureReader? features)
    {
        var depth = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            features?.Token(ref reader);
            if (reader.TokenType == JsonTokenType.String)
            {
                texts.Add(JsonText.Place(ref reader));
            }
        }
    }

    // How many columns a tensor of two dimensions has; 0 for any other.
    private static int LastColumn(ref Utf8JsonReader reader)
    {
        var (dimensions, last, depth) = (0, 0, reader.CurrentDepth);
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            dimensions++;
            last = reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var size) ? size : 0;
        }

        return dimensions == 2 ? last : 0;
    }
}
