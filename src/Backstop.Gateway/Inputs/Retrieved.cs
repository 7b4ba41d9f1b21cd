using System.Globalization;
using System.Runtime.InteropServices;
using Backstop.Core.Inputs;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Inputs;

/// <summary>What an application tells about the documents it put into a request, in the header <c>x-backstop-retrieval</c>.</summary>
/// <remarks><c>index=kb-41, age=43200, score=0.74, documents=5</c>, all of it optional; the age in seconds, as HTTP has ages.</remarks>
/// <param name="Index">The version of the index they came from.</param>
/// <param name="AgeDays">How old the newest of them is, or the index.</param>
/// <param name="Score">How well the best of them fits.</param>
/// <param name="Documents">How many there are.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Retrieved(string? Index, double? AgeDays, double? Score, long? Documents)
{
    public const string Header = "x-backstop-retrieval";

    private const double SecondsOfDay = 86_400;

    /// <summary>Whether it says that there are documents in the request.</summary>
    public bool HasDocuments => Documents is not 0 && (Documents ?? 0, Index, AgeDays, Score) != default;

    /// <summary>Tells in an answer of which indexes no documents are wanted now: whoever hears it need not retrieve for the next request.</summary>
    public static void Tell(HttpResponse response, InputContract contract)
    {
        if (!contract.Bypassed.IsEmpty)
        {
            response.Headers[Header] = string.Join(", ", contract.Bypassed.Select(index => $"bypass={index}"));
        }
    }

    /// <summary>Reads the header. What makes no sense is left out: an application is not refused for a word about itself.</summary>
    public static Retrieved Of(string header)
    {
        var read = default(Retrieved);
        foreach (var field in header.Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var at = field.IndexOf('=', StringComparison.Ordinal);
            var value = at < 0 ? "" : field[(at + 1)..].Trim().Trim('"');
            read = (at < 0 ? field : field[..at].TrimEnd()) switch
            {
                "index" when value.Length > 0 => read with { Index = value },
                "age" => read with { AgeDays = Number(value) is >= 0 and { } age ? age / SecondsOfDay : null },
                "score" => read with { Score = Number(value) },
                "documents" => read with { Documents = Number(value) is >= 0 and <= 1_000_000 and { } n ? (long)n : null },
                _ => read,
            };
        }

        return read;
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && Math.Abs(value) <= 1e12 ? value : null;
}
