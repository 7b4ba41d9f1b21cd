using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Backstop.CommandLine;

/// <summary>Runs a command line: help with examples, errors that say what to do next, exit codes of <see cref="ExitCode"/>.</summary>
internal static class Shell
{
    public static async Task<int> Run(RootCommand root, string[] args, InvocationConfiguration? configuration = null)
    {
        configuration ??= new InvocationConfiguration();
        configuration.EnableDefaultExceptionHandler = false;
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            help.Action = new HelpWithExamples((HelpAction)help.Action!);
        }

        var line = root.Parse(args is [] ? ["--help"] : args);
        if (line.Action is ParseErrorAction errors)
        {
            return Misunderstood(line, errors, configuration);
        }

        configuration.ProcessTerminationTimeout = (line.CommandResult.Command as Verb)?.TimeToEnd ?? configuration.ProcessTerminationTimeout;
        try
        {
            return await line.InvokeAsync(configuration);
        }
        catch (CommandFailure failure)
        {
            return Failed(configuration, failure.ExitCode, failure.Message, failure.Next);
        }
        catch (HttpRequestException failure) when (failure.StatusCode is null)
        {
            return Failed(configuration, ExitCode.Unreachable, $"No server answered: {failure.Message}", "backstop serve");
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
#pragma warning disable CA1031 // The last line of defence: a person gets a sentence, not a stack trace.
        catch (Exception failure)
        {
            var detail = Environment.GetEnvironmentVariable("BACKSTOP_DEBUG") is null ? failure.Message : failure.ToString();
            return Failed(configuration, ExitCode.Unexpected, $"Unexpected: {detail}", "the same with BACKSTOP_DEBUG=1 for details");
        }
#pragma warning restore CA1031
    }

    private static int Failed(InvocationConfiguration configuration, int exitCode, string message, string? next)
    {
        configuration.Error.WriteLine($"backstop: {message}");
        if (next is not null)
        {
            configuration.Error.WriteLine($"Try: {next}");
        }

        return exitCode;
    }

    private static int Misunderstood(ParseResult line, ParseErrorAction errors, InvocationConfiguration configuration)
    {
        // The library prints errors to Error and "did you mean" to Output; --json callers read Output.
        configuration.Output = configuration.Error;
        errors.ShowHelp = false;
        errors.ShowTypoCorrections = true;
        line.Invoke(configuration);

        var path = new List<string>();
        for (SymbolResult? at = line.CommandResult; at is CommandResult command; at = command.Parent)
        {
            path.Insert(0, command.Command is RootCommand ? "backstop" : command.Command.Name);
        }

        configuration.Error.WriteLine($"Try: {string.Join(' ', path)} --help");
        return ExitCode.Usage;
    }

    private sealed class HelpWithExamples(HelpAction plain) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var code = plain.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            if (parseResult.CommandResult.Command is Verb { Examples: { Count: > 0 } examples })
            {
                output.WriteLine("Examples:");
                foreach (var example in examples)
                {
                    output.WriteLine($"  {example}");
                }

                output.WriteLine();
            }

            output.WriteLine("Exit codes:");
            output.WriteLine($"  {ExitCode.Explanation}");
            return code;
        }
    }
}
