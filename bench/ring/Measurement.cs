using System.Diagnostics;

namespace Backstop.RingBench;

/// <summary>One contender on the texts of one kind and size.</summary>
/// <param name="P50">Time for one text, in microseconds.</param>
/// <param name="Processor">Processor time for one text, on average, in microseconds; null where the runtime does not tell.</param>
/// <param name="Bytes">Allocated for one text, on average; null where the runtime does not tell.</param>
/// <param name="Found">In how many of the texts something was found.</param>
internal sealed record Row(string Contender, string Kind, int Size, double P50, double P99, double MegabytesPerSecond, double? Processor, double? Bytes, int Found, int Texts);

internal static class Measurement
{
    private const int Batches = 40;

    public static void Warm(Contender contender, IEnumerable<string> texts, TimeSpan time)
    {
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < time;)
        {
            _ = texts.Count(contender.Judge);
        }
    }

    /// <summary>Times every text by itself, again and again in turn; one thread, warmed up.</summary>
    public static Row Of(Contender contender, string kind, int size, IReadOnlyList<string> texts, TimeSpan time)
    {
        var found = texts.Count(contender.Judge);
        Warm(contender, texts, time / 2);
        var micros = new List<double>(1 << 16);
        var (bytes, processor) = (GC.GetAllocatedBytesForCurrentThread(), ThreadClock.Micros);
        var list = texts.ToArray();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < time || micros.Count < Batches;)
        {
            foreach (var text in list)
            {
                var begun = Stopwatch.GetTimestamp();
                contender.Judge(text);
                micros.Add(Stopwatch.GetElapsedTime(begun).TotalMicroseconds);
            }
        }

        processor = ThreadClock.Micros - processor;

        // The list of times grows by doubling; its own bytes are not the contender's.
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes - GrowthOf(micros);
        micros.Sort();
        return new Row(
            contender.Name, kind, size, At(micros, 0.5), At(micros, 0.99), Math.Round(texts.Average(text => text.Length) / At(micros, 0.5), 1),
            Math.Round(processor / micros.Count, 1), Math.Max(0, Math.Round(bytes / (double)micros.Count)), found, texts.Count);
    }

    private static long GrowthOf(List<double> list)
    {
        long bytes = 0;
        for (var capacity = list.Capacity; capacity > 1 << 16; capacity /= 2)
        {
            bytes += capacity * sizeof(double);
        }

        return bytes;
    }

    private static double At(List<double> sorted, double share) => Math.Round(sorted[Math.Min(sorted.Count - 1, (int)(share * sorted.Count))], 1);
}
