using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Backstop.Core.Registry;

/// <summary>One text for one JSON value, so that equal content has an equal digest.</summary>
/// <remarks>RFC 8785 (JCS): keys sorted by UTF-16 code units, no white space, numbers as ECMAScript writes them.</remarks>
public static class CanonicalJson
{
    /// <summary>Parses JSON (no comments, no duplicate keys, at most 64 levels) and writes it canonically.</summary>
    /// <exception cref="JsonException">The text is not JSON, or has a duplicate key.</exception>
    public static string Of(string json)
    {
        using var document = JsonDocument.Parse(json, new() { AllowDuplicateProperties = false });
        return Of(document.RootElement);
    }

    /// <summary>Writes a JSON value canonically.</summary>
    public static string Of(JsonElement value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    /// <summary>SHA-256 of the UTF-8 bytes, as <c>sha256:</c> and 64 lower-case hexadecimal digits.</summary>
    public static string Digest(string canonical) =>
        "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));

    private static void Write(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{');
                var first = true;
                foreach (var property in value.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
                {
                    if (!first)
                    {
                        text.Append(',');
                    }

                    first = false;
                    WriteString(text, property.Name);
                    text.Append(':');
                    Write(text, property.Value);
                }

                text.Append('}');
                break;

            case JsonValueKind.Array:
                text.Append('[');
                for (var i = 0; i < value.GetArrayLength(); i++)
                {
                    if (i > 0)
                    {
                        text.Append(',');
                    }

                    Write(text, value[i]);
                }

                text.Append(']');
                break;

            case JsonValueKind.String:
                WriteString(text, value.GetString()!);
                break;

            case JsonValueKind.Number:
                text.Append(Number(value.GetDouble()));
                break;

            default:
                text.Append(value.GetRawText());
                break;
        }
    }

    private static void WriteString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }

    /// <summary>ECMAScript's Number::toString for finite doubles (ECMA-262, 6.1.6.1.20), from .NET's shortest digits.</summary>
    private static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            throw new JsonException("A number is too large for JSON's double range.");
        }

        if (value == 0)
        {
            return "0";
        }

        var (digits, exponent) = Decompose(Math.Abs(value).ToString("R", CultureInfo.InvariantCulture));
        var sign = value < 0 ? "-" : "";
        var k = digits.Length;
        var n = exponent + 1;
        var body = n switch
        {
            _ when k <= n && n <= 21 => digits + new string('0', n - k),
            > 0 and <= 21 => digits[..n] + "." + digits[n..],
            > -6 and <= 0 => "0." + new string('0', -n) + digits,
            _ => (k == 1 ? digits : digits[..1] + "." + digits[1..]) + "e" + (n > 0 ? "+" : "-") + Math.Abs(n - 1),
        };
        return sign + body;
    }

    /// <summary>The digits without zeros at either end, and the power of ten of the first; both from the same text, so that they agree.</summary>
    private static (string Digits, int Exponent) Decompose(string shortest)
    {
        var mark = shortest.IndexOf('E', StringComparison.Ordinal);
        var mantissa = mark < 0 ? shortest : shortest[..mark];
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal).Trim('0');
        if (mark >= 0)
        {
            return (digits, int.Parse(shortest.AsSpan(mark + 1), CultureInfo.InvariantCulture)); // One digit before the point.
        }

        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa.Length : point;
        var first = mantissa.AsSpan().IndexOfAnyExcept('0', '.');
        return (digits, first < whole ? whole - 1 - first : whole - first);
    }
}
