using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Backstop.GatewayBench.Load;
using Backstop.GatewayBench.Servers;

namespace Backstop.GatewayBench;

/// <summary>What a gateway holds in memory: after very many streams, and while very many wait.</summary>
internal sealed class Endurance(Contenders contenders, TextWriter output)
{
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Streams one after the other on some connections, until so many were answered; tells the memory twenty times on the way.</summary>
    /// <remarks>
    /// Warm is what answered two fifths of them: by then code is compiled, places are there for all that wait for a label at one time, and
    /// the garbage collector has made up its mind how much it lets come together.
    /// </remarks>
    /// <returns>Whether the most in the last fifth is at most a twentieth above the most in the middle fifth.</returns>
    public async Task<bool> Soak(long streams, int connections, int events, string results)
    {
        const int Looks = 20;
        var before = Machine.Load();
        var (_, workload, start) = contenders.Named(Contenders.PlainStreamed)!;
        using var server = await start!();
        var began = Stopwatch.GetTimestamp();
        var (done, failed) = (0L, 0);
        List<(long Streams, double Seconds, double Mebibytes)> seen = [];
        output.WriteLine("| streams | seconds | MiB |");
        output.WriteLine("| --- | --- | --- |");
        while (done < streams)
        {
            var slice = await new LoadRun(server.Port, workload, connections).Saturate(TimeSpan.FromSeconds(2));
            (done, failed) = (done + slice.Answers, failed + slice.Failed);
            if (slice.Answers == 0 || failed > connections)
            {
                throw new InvalidOperationException($"The gateway stopped answering after {done} streams: {server.LastWords()}");
            }

            if (done >= streams * (seen.Count + 1) / Looks)
            {
                seen.Add((done, Stopwatch.GetElapsedTime(began).TotalSeconds, server.ResidentMebibytes));
                output.WriteLine($"| {done:N0} | {seen[^1].Seconds:0} | {seen[^1].Mebibytes:0} |");
            }
        }

        var (warm, early, late) = (Most(0.4 - (1.0 / Looks), 0.4 + (1.0 / Looks)), Most(0.4, 0.6), Most(0.8, 1));
        var isFlat = late <= early * 1.05;
        output.WriteLine($"{done:N0} streams of {events} events, {connections} at one time, {failed} connections failed.");
        output.WriteLine($"{warm:0} MiB when warm, at most {early:0} in the middle fifth, {late:0} in the last, {seen[^1].Mebibytes:0} at the end: {(isFlat ? "flat" : "it grows")}.");
        await File.WriteAllTextAsync(results, JsonSerializer.Serialize(
            new { machine = Machine.Describe(before), done, events, connections, failed, warm, early, late, end = seen[^1].Mebibytes, isFlat, seen = seen.Select(s => new { s.Streams, s.Seconds, s.Mebibytes }) }, Readable));
        return isFlat && failed == 0;

        double Most(double from, double to) => seen.Where(s => s.Streams > streams * from && s.Streams <= Math.Max(done, streams) * to).Select(s => s.Mebibytes).DefaultIfEmpty(seen[^1].Mebibytes).Max();
    }

    /// <summary>Opens so many streams that have begun and say nothing more, and tells what they take.</summary>
    /// <returns>Whether all began, and the gateway stayed within 1 GiB.</returns>
    public async Task<bool> Idle(int streams, string results)
    {
        var (_, workload, start) = contenders.Named(Contenders.PlainStreamed)!;
        using var server = await start!();
        await new LoadRun(server.Port, contenders.Named(Contenders.Plain)!.Workload, 32).Saturate(TimeSpan.FromSeconds(5));
        var before = server.ResidentMebibytes;
        List<Connection> open = [];
        try
        {
            for (var i = 0; i < streams; i++)
            {
                open.Add(await Connection.Open(new IPEndPoint(IPAddress.Loopback, server.Port), workload));
                _ = Ignore(open[^1].Ask());
            }

            var began = Stopwatch.GetTimestamp();
            while (open.Any(c => c.FirstByte == 0) && Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(60))
            {
                await Task.Delay(100);
            }

            await Task.Delay(TimeSpan.FromSeconds(5)); // Time for the garbage collector to take what it wants to take.
            var (begun, with) = (open.Count(c => c.FirstByte > 0), server.ResidentMebibytes);
            output.WriteLine($"{begun:N0} of {streams:N0} streams wait: {before:0} MiB before, {with:0} MiB with them, {(with - before) * 1024 / streams:0.0} KiB each.");
            await File.WriteAllTextAsync(results, JsonSerializer.Serialize(new { streams, begun, before, with }, Readable));
            return begun == streams && with <= 1024;
        }
        finally
        {
            open.ForEach(c => c.Dispose());
        }
    }

    private static async Task Ignore(ValueTask asking)
    {
        try
        {
            await asking;
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or ObjectDisposedException or InvalidDataException)
        {
            // Closed at the end.
        }
    }
}
