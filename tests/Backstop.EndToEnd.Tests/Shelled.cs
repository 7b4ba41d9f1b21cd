using System.Diagnostics;

namespace Backstop.EndToEnd.Tests;

/// <summary>Runs the executable as a shell would.</summary>
internal static class Shelled
{
    public static Task<(int Code, string Output, string Errors)> Run(params string[] arguments) => Read("", arguments);

    /// <summary>With a text on standard input.</summary>
    public static async Task<(int Code, string Output, string Errors)> Read(string input, params string[] arguments)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "backstop"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancel);
            var errors = process.StandardError.ReadToEndAsync(cancel);
            await process.StandardInput.WriteAsync(input.AsMemory(), cancel);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancel);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
