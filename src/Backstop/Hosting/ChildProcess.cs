using System.Diagnostics;

namespace Backstop.Hosting;

/// <summary>Another process of this same executable, ended when its owner lets go of it or dies.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    /// <summary>Set for a child, whose standard input is a pipe from its parent: when the pipe breaks, the parent is gone.</summary>
    private const string Marker = "BACKSTOP_ENDS_WITH_PARENT";

    private readonly Process _process;
    private readonly Task _errors;

    private ChildProcess(Process process, Task errors, string name)
    {
        _process = process;
        _errors = errors;
        Name = name;
    }

    public string Name { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a verb and waits for its first line on standard output, which says that it is ready.</summary>
    /// <param name="name">What people call it.</param>
    /// <param name="log">Receives its standard error.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="through">A command that becomes this one, such as one that enters another network first; null for none.</param>
    /// <exception cref="IOException">It ended before it was ready; the message holds its last words.</exception>
    public static async Task<ChildProcess> Start(string name, string log, IEnumerable<string> arguments, CancellationToken cancel, string[]? through = null)
    {
        var process = Process.Start(Describe(arguments, through ?? []))!;
        var child = new ChildProcess(process, Keep(process.StandardError, log), name);
        try
        {
            if (await process.StandardOutput.ReadLineAsync(cancel) is null)
            {
                await process.WaitForExitAsync(cancel);
                await child._errors;
                throw new IOException($"{name} ended with code {process.ExitCode} before it was ready: {await LastWords(log)}");
            }

            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None); // A full pipe would stop it.
            return child;
        }
        catch
        {
            await child.DisposeAsync();
            throw;
        }
    }

    /// <summary>In a child: ends this process when the parent is gone, however it went.</summary>
    public static void EndWithParent()
    {
        if (Environment.GetEnvironmentVariable(Marker) is null)
        {
            return;
        }

        new Thread(() =>
        {
            using var input = Console.OpenStandardInput();
            while (input.ReadByte() >= 0)
            {
            }

            Environment.Exit(0);
        }) { IsBackground = true, Name = "parent watch" }.Start();
    }

    /// <summary>Ends the process at once, as a crash would.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        await _errors;
        _process.Dispose();
    }

    private static ProcessStartInfo Describe(IEnumerable<string> arguments, string[] through)
    {
        var executable = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "backstop.exe" : "backstop");
        string[] line = [.. through, executable, .. arguments];
        var info = new ProcessStartInfo(line[0], line[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment[Marker] = "1";

        // A demonstration must not be played on the store that the real server of this machine uses.
        info.Environment.Remove(ServeOptions.StoreVariable);

        // It lives for a minute or two: compiling hot code twice, or remapping pages for every method, does not pay back.
        info.Environment["DOTNET_TieredPGO"] = "0";
        info.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        return info;
    }

    private static async Task Keep(StreamReader errors, string log)
    {
        await using var file = new StreamWriter(log) { AutoFlush = true };
        while (await errors.ReadLineAsync() is { } line)
        {
            await file.WriteLineAsync(line);
        }
    }

    private static async Task<string> LastWords(string log) =>
        string.Join(' ', (await File.ReadAllLinesAsync(log)).TakeLast(3));
}
