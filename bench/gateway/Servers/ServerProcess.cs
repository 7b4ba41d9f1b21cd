using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Backstop.GatewayBench.Servers;

/// <summary>A proxy under test: a process of its own on one core, and what the kernel says it used.</summary>
internal sealed class ServerProcess : IDisposable
{
    /// <summary>Kernel ticks a second in <c>/proc</c>; fixed at 100 on Linux.</summary>
    private const double TicksPerSecond = 100;

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _log;

    private ServerProcess(Process process, int port, string log)
    {
        (_process, Port, _log) = (process, port, log);
        AppDomain.CurrentDomain.ProcessExit += EndWithUs;
    }

    public int Port { get; }

    /// <summary>User and system time since it began.</summary>
    public TimeSpan Cpu
    {
        get
        {
            // The name, in parentheses, may hold spaces; times are the 14th and 15th field.
            var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return TimeSpan.FromSeconds((long.Parse(fields[11]) + long.Parse(fields[12])) / TicksPerSecond);
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

    /// <summary>A port that is free now.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
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
}
