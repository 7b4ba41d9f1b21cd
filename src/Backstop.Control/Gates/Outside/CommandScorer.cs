using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Backstop.Core.Gates;
using Backstop.Core.Gates.Outside;

namespace Backstop.Control.Gates.Outside;

/// <summary>Starts a program of the suite's author for one answer, without a shell, and reads its verdict.</summary>
/// <remarks>
/// The question comes on standard input, so that nothing a model says can become an argument. Only a program that ended with
/// 0 has given a verdict: many languages end a crashed program with 1, and a crash is no failure of the release.
/// </remarks>
/// <param name="folder">The suite's folder: where the program is started, and where a path is looked for.</param>
internal sealed class CommandScorer(string folder)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public async Task<RunOutcome> Score(OutsideCheck.Command check, OutsideQuestion question, CancellationToken cancel)
    {
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        late.CancelAfter(check.Timeout);
        Process program;
        try
        {
            program = Process.Start(Start(check))!;
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            return new RunOutcome.Unknown($"{check.Name} cannot be started: {e.Message}");
        }

        using (program)
        {
            try
            {
                var told = Tell(program, question.ToJson(), late.Token);
                var said = Bounded(program.StandardOutput.BaseStream, late.Token);
                var complaint = Bounded(program.StandardError.BaseStream, late.Token);
                var verdict = await said.WaitAsync(late.Token);
                if (verdict is null)
                {
                    return new RunOutcome.Unknown($"{check.Name} wrote more than {OutsideVerdict.MostBytes} bytes");
                }

                await Task.WhenAll(program.WaitForExitAsync(late.Token), told.WaitAsync(late.Token));
                return program.ExitCode == 0
                    ? OutsideVerdict.Read(check, verdict)
                    : new RunOutcome.Unknown($"{check.Name} ended with {program.ExitCode}{LastLine(await complaint.WaitAsync(late.Token))}");
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return new RunOutcome.Unknown($"{check.Name} said nothing within {check.Timeout.TotalSeconds:0} s");
            }
            finally
            {
                End(program);
            }
        }
    }

    private ProcessStartInfo Start(OutsideCheck.Command check)
    {
        // A path is one beside the suite; a bare name is looked for on the PATH, as everywhere.
        var program = check.Program[0];
        return new(program.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(program, Path.GetFullPath(folder)) : program, check.Program.Skip(1))
        {
            WorkingDirectory = Path.GetFullPath(folder),
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = Utf8,
        };
    }

    private static async Task Tell(Process program, string question, CancellationToken cancel)
    {
        try
        {
            await program.StandardInput.WriteLineAsync(question.AsMemory(), cancel);
            program.StandardInput.Close();
        }
        catch (IOException)
        {
            // It need not read: who judges by the weather is free to.
        }
    }

    // All that was written, or null when it was too much.
    private static async Task<string?> Bounded(Stream stream, CancellationToken cancel)
    {
        var buffer = new byte[OutsideVerdict.MostBytes + 1];
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancel);
        return length < buffer.Length ? Utf8.GetString(buffer, 0, length) : null;
    }

    private static string LastLine(string? text)
    {
        var line = text?.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        return line is null ? "" : $": {line[..Math.Min(line.Length, 200)]}";
    }

    private static void End(Process program)
    {
        try
        {
            program.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It is over already.
        }
    }
}
