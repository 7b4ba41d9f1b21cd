using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;

namespace Backstop.GatewayBench.Load;

/// <summary>Sends requests to one server over kept connections, and takes each one's time.</summary>
/// <remarks>
/// At a fixed rate the times at which requests are due are set beforehand, and a request's latency counts from when it was due, not
/// from when a connection was free to send it: a server that stalls is charged for all that came in the meantime (no coordinated
/// omission). Without a rate every connection sends as soon as it has its answer, which finds the most a server can do.
/// Everything but the pacing runs on the thread that waits for the sockets; the script sets the runtime so.
/// </remarks>
internal sealed partial class LoadRun(int port, Workload workload, int connections)
{
    private readonly Lock _gate = new();
    private readonly Stack<Connection> _idle = new();
    private readonly Queue<long> _due = new();
    private readonly List<long> _latencies = [];
    private bool _closedLoop;
    private bool _over;
    private int _failed;

    /// <summary>Every connection at full speed.</summary>
    public Task<Timings> Saturate(TimeSpan duration) => Run(async () =>
    {
        _closedLoop = true;
        Connection[] idle = [.. _idle];
        _idle.Clear();
        foreach (var connection in idle)
        {
            connection.Give(Stopwatch.GetTimestamp());
        }

        await Task.Delay(duration);
    });

    /// <summary>So many requests a second, evenly spread, whatever becomes of them.</summary>
    public Task<Timings> Pace(double ratePerSecond, TimeSpan duration) => Run(() =>
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            SendWhenDue(ratePerSecond, duration);
            ended.SetResult();
        }) { IsBackground = true, Name = "pace" }.Start();
        return ended.Task;
    });

    private async Task<Timings> Run(Func<Task> drive)
    {
        var all = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Connection.Open(new IPEndPoint(IPAddress.Loopback, port), workload)));
        foreach (var connection in all)
        {
            _idle.Push(connection);
            _ = Serve(connection);
        }

        var began = Stopwatch.GetTimestamp();
        await drive();
        lock (_gate)
        {
            _over = true;
            var elapsed = Stopwatch.GetElapsedTime(began);
            foreach (var connection in all)
            {
                connection.Dispose();
            }

            // What is still under way or waiting is late by at least so much; leaving it out would flatter whoever stalls. A stream
            // that has begun is not late, however long it lasts.
            var now = Stopwatch.GetTimestamp();
            var unanswered = _closedLoop ? [] : all.Where(c => !_idle.Contains(c)).Select(c => Begun(c) ? c.FirstByte - c.Due : now - c.Due).Concat(_due.Select(d => now - d));
            return Timings.Of(_latencies, [.. unanswered], _failed, elapsed);
        }
    }

    private bool Begun(Connection connection) => workload.IsStream && connection.FirstByte != 0;

    // What must not be missed is the time a request was due, so a request that is sent late is charged for it.
    private void SendWhenDue(double ratePerSecond, TimeSpan duration)
    {
        var began = Stopwatch.GetTimestamp();
        var count = (long)(ratePerSecond * duration.TotalSeconds);
        for (var i = 0L; i < count; i++)
        {
            var due = began + (long)(i / ratePerSecond * Stopwatch.Frequency);
            SleepUntil(due);
            Connection? free = null;
            lock (_gate)
            {
                if (!_idle.TryPop(out free))
                {
                    _due.Enqueue(due);
                }
            }

            free?.Give(due);
        }
    }

    private async Task Serve(Connection connection)
    {
        try
        {
            while (true)
            {
                var due = await connection.Next();
                do
                {
                    await connection.Ask();
                }
                while (Ended(connection, ref due));
            }
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or ObjectDisposedException or InvalidDataException)
        {
            lock (_gate)
            {
                _failed += _over ? 0 : 1;
            }
        }
    }

    // True when there is another request to send at once.
    private bool Ended(Connection connection, ref long due)
    {
        var now = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            if (_over)
            {
                return false;
            }

            _latencies.Add((workload.IsStream ? connection.FirstByte : now) - due);
            if (_closedLoop)
            {
                due = now;
                connection.Due = due;
                return true;
            }

            if (_due.TryDequeue(out var next))
            {
                due = next;
                connection.Due = due;
                return true;
            }

            _idle.Push(connection);
            return false;
        }
    }

    // The runtime's own sleep is no finer than a millisecond. To wake more often than asked would take time from the model server beside it.
    private static void SleepUntil(long due)
    {
        while (due - Stopwatch.GetTimestamp() is var left && left > 0)
        {
            var time = new TimeSpec(0, Math.Min(left, 100_000_000));
            _ = NanoSleep(in time, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int NanoSleep(in TimeSpec time, nint remaining);
}
