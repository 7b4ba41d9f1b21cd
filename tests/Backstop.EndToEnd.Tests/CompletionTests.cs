using System.Diagnostics;

namespace Backstop.EndToEnd.Tests;

/// <summary>Pressing the tab key shows what may stand there.</summary>
[Collection<OneServer>]
public sealed class CompletionTests(RunningBackstop backstop)
{
    private string At => $" --server http://{backstop.Http.Authority}";

    [Theory]
    [InlineData("backstop ali", "alias")]
    [InlineData("backstop alias sw", "swap")]
    [InlineData("backstop completion ", "fish")]
    [InlineData("backstop alias swap --rea", "--reason")]
    public async Task Verbs_and_options_are_completed(string line, string expected) => Assert.Contains(expected, await Suggest(line, line.Length));

    [Theory]
    [InlineData("backstop alias show ", RunningBackstop.Alias)]
    [InlineData("backstop alias show assis", RunningBackstop.Alias)]
    [InlineData("backstop alias swap assistant:prod v7-t", "v7-twin")]
    [InlineData("backstop release diff v7 ", "v7-twin")]
    [InlineData("backstop rollout start assistant:p", RunningBackstop.Alias)]
    public async Task Names_are_completed_from_the_server(string line, string expected)
    {
        // The server stands first, as the cursor is at the end of the name.
        var words = line.Split(' ', 4);
        var asked = $"{words[0]} {words[1]} {words[2]}{At} {words[3]}";
        await InTheEnd(() => Suggest(asked, asked.Length), found => found.Contains(expected, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_a_server_nothing_is_completed_and_nobody_waits()
    {
        const string line = "backstop alias show --server http://127.0.0.1:9 ";
        var (code, output, errors) = await Shelled.Run($"[suggest:{line.Length}]", line);
        Assert.Equal((0, ""), (code, errors));
        Assert.DoesNotContain(RunningBackstop.Alias, output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bash_completes_a_name_behind_its_colon()
    {
        var line = $"backstop alias show{At} assistant:";
        var script = $$"""
            set -eu
            source <(backstop completion bash)
            complete -p backstop >/dev/null
            COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
            COMP_LINE='{{line}}'; COMP_POINT={{line.Length}}
            _backstop backstop
            printf '%s\n' "${COMPREPLY[@]}"
            """;
        await InTheEnd(
            async () =>
            {
                var start = new ProcessStartInfo("bash", ["-c", script]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
                start.Environment["PATH"] = AppContext.BaseDirectory + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH");
                using var bash = Process.Start(start)!;
                var (output, errors) = (bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
                await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
                return (await output, await errors);
            },
            told => told == ("prod\n", ""));
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    public async Task Every_shell_has_a_script_that_asks_the_program(string shell)
    {
        var (code, output, _) = await Shelled.Run("completion", shell);
        Assert.Equal(0, code);
        Assert.Contains("[suggest:", output, StringComparison.Ordinal);
    }

    // A person waits half a second and presses the key again. A server that was asked for the first time, on a busy machine, may take longer.
    private static async Task InTheEnd<T>(Func<Task<T>> ask, Func<T, bool> isRight)
    {
        var deadline = DateTime.UtcNow.AddSeconds(120);
        for (var answer = await ask(); !isRight(answer); answer = await ask())
        {
            Assert.True(DateTime.UtcNow < deadline, $"It stayed {(answer is string[] words ? string.Join(' ', words) : answer)}");
        }
    }

    private static async Task<string[]> Suggest(string line, int at)
    {
        var (code, output, errors) = await Shelled.Run($"[suggest:{at}]", line);
        Assert.True(code == 0, errors);
        return output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }
}
