using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Backstop.GatewayBench.Load;

namespace Backstop.GatewayBench.Servers;

/// <summary>A proxy under test: a process of its own on one core, and what the kernel says it used.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _log;

    private ServerProcess(Process process, int port, string log)
    {
        (_process, Port, _log) = (process, port, log);
        AppDomain.CurrentDomain.ProcessExit += EndWithUs;
    }

    public int Port { get; }

    public int Id => _process.Id;

    /// <summary>User and system time since it began.</summary>
    /// <exception cref="InvalidOperationException">It has ended.</exception>
    public TimeSpan Cpu
    {
        get
        {
            // The kernel counts nanoseconds where /proc shows hundredths of a second. This is how the C library's
            // clock_getcpuclockid names the clock of a process.
            const int ScheduledTime = 2;
            return ClockGetTime((~_process.Id << 3) | ScheduledTime, out var time) == 0
                ? TimeSpan.FromSeconds(time.Seconds) + TimeSpan.FromMicroseconds(time.Nanoseconds / 1000.0)
                : throw new InvalidOperationException($"It has ended: {LastWords()}");
        }
    }

    /// <summary>Memory in use that is its own or shared, in MiB.</summary>
    public double ResidentMebibytes =>
        long.Parse(File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024.0;

    /// <summary>Starts a program on a core and waits until its port takes connections.</summary>
    /// <param name="log">File for what it prints.</param>
    /// <exception cref="InvalidOperationException">It ended, or did not listen in time.</exception>
    public static async Task<ServerProcess> Start(int core, int port, string log, string program, params string[] arguments)
    {
        var info = new ProcessStartInfo("sh", ["-c", "exec taskset -c \"$0\" \"$@\" >\"$LOG\" 2>&1", core.ToString(), program, .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = Path.GetDirectoryName(log)!,
        };
        info.Environment["LOG"] = log;

        // These are for the generator; the proxies run as they are delivered.
        info.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS");
        info.Environment.Remove("DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT");
        var server = new ServerProcess(Process.Start(info)!, port, log);
        var began = Stopwatch.GetTimestamp();
        while (!await Answers(port))
        {
            if (server._process.HasExited || Stopwatch.GetElapsedTime(began) > StartLimit)
            {
                server.Dispose();
                throw new InvalidOperationException($"{program} did not listen on port {port}: {server.LastWords()}");
            }

            await Task.Delay(50);
        }

        return server;
    }

    /// <summary>Waits until it says that it is ready for traffic, as whoever sends traffic there would.</summary>
    /// <exception cref="InvalidOperationException">It never says so.</exception>
    public async Task<ServerProcess> WhenReady(string path)
    {
        using var http = new HttpClient { BaseAddress = new($"http://127.0.0.1:{Port}") };
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < StartLimit; await Task.Delay(20))
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(path, UriKind.Relative));
                if (answer.IsSuccessStatusCode)
                {
                    return this;
                }
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                // Earlier builds listen for a moment to see whether the port is free.
            }
        }

        Dispose();
        throw new InvalidOperationException($"It is not ready: {LastWords()}");
    }

    /// <summary>A port that is free now, and that no outgoing connection is given before somebody listens on it.</summary>
    public static int FreePort()
    {
        while (true)
        {
            // Systems take the ports of outgoing connections from above these: one that asks whether somebody listens could be given the very port that it asks.
            var port = Random.Shared.Next(15_000, 32_000);
            using var probe = new TcpListener(IPAddress.Loopback, port);
            try
            {
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }

    public string LastWords() => string.Join('\n', File.ReadLines(_log).TakeLast(5));

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        AppDomain.CurrentDomain.ProcessExit -= EndWithUs;
        _process.WaitForExit();
        _process.Dispose();
    }

    // A benchmark that is stopped half way must not leave proxies behind.
    private void EndWithUs(object? sender, EventArgs e) => _process.Kill(entireProcessTree: true);

    private static async Task<bool> Answers(int port)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int ClockGetTime(int clock, out TimeSpec time);
}
