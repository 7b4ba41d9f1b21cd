using System.Diagnostics;
using System.CommandLine;
using Backstop.CommandLine;

namespace Backstop.EndToEnd.Tests;

/// <summary>Whoever asks for help gets it, of every verb, and no server is needed for it.</summary>
public sealed class HelpTests
{
    private static readonly Command All = Verbs.All();

    public static TheoryData<string> Paths => [.. Below(All, "")];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Every_verb_says_what_it_does_and_how_it_ends(string path)
    {
        using StringWriter output = new(), errors = new();
        string[] line = [.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"];
        var code = await Shell.Run(Verbs.All(), line, new InvocationConfiguration { Output = output, Error = errors });
        Assert.Equal((0, ""), (code, errors.ToString()));
        Assert.Contains($" {path}".TrimEnd(), output.ToString(), StringComparison.Ordinal);
        Assert.Contains("Exit codes:", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Every_verb_that_does_something_has_an_example(string path)
    {
        var command = path.Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate(All, (at, name) => at.Subcommands.Single(c => c.Name == name));
        Assert.True(command.Subcommands.Count > 0 || command is Verb { Examples.Count: > 0 }, $"backstop {path} has no example.");
    }

    [Fact]
    public async Task The_environment_names_the_server_where_the_command_line_does_not()
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "backstop"), ["alias", "list"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BACKSTOP_SERVER"] = "http://127.0.0.1:1" },
        })!;
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, process.ExitCode);
        Assert.Contains("Nothing answers at http://127.0.0.1:1.", errors, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Below(Command command, string path) =>
        [path, .. command.Subcommands.SelectMany(c => Below(c, $"{path} {c.Name}".TrimStart()))];
}
