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

    /// <summary>Streams one after the other on some connections, until so many were answered; tells the memory ten times on the way.</summary>
    /// <returns>Whether the last fifth held at most a twentieth, and 8 MiB, more than the second fifth did.</returns>
    public async Task<bool> Soak(long streams, int connections, string results)
    {
        using var server = await contenders.PlainStreamed();
        var workload = Workload.Chat(Contenders.Alias, stream: true);
        var began = Stopwatch.GetTimestamp();
        var (done, failed) = (0L, 0);
        List<(long Streams, double Mebibytes)> seen = [];
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

            if (done >= streams * (seen.Count + 1) / 10)
            {
                seen.Add((done, server.ResidentMebibytes));
                output.WriteLine($"| {done:N0} | {Stopwatch.GetElapsedTime(began).TotalSeconds:0} | {server.ResidentMebibytes:0} |");
            }
        }

        var early = seen.Where(s => s.Streams > streams / 5 && s.Streams <= streams * 2 / 5).Select(s => s.Mebibytes).DefaultIfEmpty(seen[0].Mebibytes).Max();
        var late = seen.Where(s => s.Streams > streams * 4 / 5).Max(s => s.Mebibytes);
        var isFlat = late <= (early * 1.05) + 8;
        output.WriteLine($"{done:N0} streams, {failed} connections failed; {early:0} MiB in the second fifth, {late:0} MiB in the last: {(isFlat ? "flat" : "it grows")}.");
        await File.WriteAllTextAsync(results, JsonSerializer.Serialize(new { done, failed, early, late, isFlat, seen = seen.Select(s => new { s.Streams, s.Mebibytes }) }, Readable));
        return isFlat && failed == 0;
    }

    /// <summary>Opens so many streams that have begun and say nothing more, and tells what they take.</summary>
    /// <returns>Whether all began, and the gateway stayed within 1 GiB.</returns>
    public async Task<bool> Idle(int streams, string results)
    {
        using var server = await contenders.PlainStreamed();
        var workload = Workload.Chat(Contenders.Alias, stream: true);
        await new LoadRun(server.Port, workload with { Request = Workload.Chat(Contenders.Alias, stream: false).Request, IsStream = false }, 32).Saturate(TimeSpan.FromSeconds(5));
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
