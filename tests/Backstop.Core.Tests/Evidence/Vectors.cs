using System.Text.Json;

namespace Backstop.Core.Tests.Evidence;

/// <summary>Reference values of every formula, computed once by an independent program.</summary>
internal static class Vectors
{
    public const double Tolerance = 1e-9;

    private static readonly JsonElement Root = Read();

    public static JsonElement Get(string name) => Root.GetProperty(name);

    public static double[] Doubles(this JsonElement element) => [.. element.EnumerateArray().Select(e => e.GetDouble())];

    public static long[] Longs(this JsonElement element) => [.. element.EnumerateArray().Select(e => e.GetInt64())];

    private static JsonElement Read()
    {
        using var stream = typeof(Vectors).Assembly.GetManifestResourceStream("sequential.json")!;
        return JsonDocument.Parse(stream).RootElement.Clone();
    }
}
