using System.Diagnostics;

namespace Backstop.FanoutBench;

/// <summary>Another process of this program, told what to do line by line.</summary>
internal sealed class Helper : IDisposable
{
    private readonly Process _process;

    public Helper(params string[] arguments) => _process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, arguments)
    {
        UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
    })!;

    /// <summary>The next line it says.</summary>
    public async Task<string> Says(CancellationToken cancel) =>
        await _process.StandardOutput.ReadLineAsync(cancel) ?? throw new InvalidOperationException("A process of the bench ended.");

    /// <summary>Tells it something and returns the number that it answers with.</summary>
    public async Task<long> Tell(string what, CancellationToken cancel)
    {
        await _process.StandardInput.WriteLineAsync(what.AsMemory(), cancel);
        return long.Parse((await Says(cancel)).Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
