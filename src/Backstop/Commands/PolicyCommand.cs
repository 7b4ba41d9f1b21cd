using System.CommandLine;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Guards;

namespace Backstop.Commands;

/// <summary><c>backstop policy</c>: guard policies before they become part of a release.</summary>
internal static class PolicyCommand
{
    public static Verb Create() => new("policy", "Check, compare, explain and test guard policies.")
    {
        Lint(), Diff(), Explain(), Test(), PolicyImport.Create(),
    };

    private static Argument<FileInfo> FileArgument(string name, string description) => new(name) { Description = description };

    private static Verb Lint()
    {
        var file = FileArgument("policy", "Guard policy, YAML or JSON.");
        var overlay = new Option<FileInfo?>("--overlay") { Description = "An emergency overlay that must fit on top of it." };
        var strict = new Option<bool>("--strict") { Description = "Exit code 1 when there is advice." };
        var json = Verb.JsonOption();
        var verb = new Verb("lint", "Refuse what could not work, and say what is likely not meant.")
        {
            Examples = ["backstop policy lint policy.yaml", "backstop policy lint policy.yaml --overlay tonight.yaml --json"],
        };
        verb.Arguments.Add(file);
        Add(verb, overlay, strict, json);
        verb.SetAction(line =>
        {
            var policy = GuardCommand.Policy(line.GetValue(file)!);
            if (line.GetValue(overlay) is { } over)
            {
                policy = Read(over, text => PolicyOverlay.Parse(text, TimeProvider.System.GetUtcNow()).Over(policy, TimeProvider.System.GetUtcNow()));
            }

            var advice = PolicyLint.Of(policy);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new { policy.Name, Valid = true, Advice = advice });
            }
            else
            {
                output.WriteLine($"{policy.Name}: valid, {(advice.IsEmpty ? "nothing to advise" : $"{advice.Length} pieces of advice")}");
                foreach (var (path, message) in advice)
                {
                    output.WriteLine($"  {path}: {message}");
                }
            }

            return line.GetValue(strict) && !advice.IsEmpty ? ExitCode.No : ExitCode.Ok;
        });
        return verb;
    }

    private static Verb Diff()
    {
        var before = FileArgument("before", "The policy as it is.");
        var after = FileArgument("after", "The policy as it is to be.");
        var json = Verb.JsonOption();
        var verb = new Verb("diff", "What one policy does differently from another, and whether it lets less or more through.")
        {
            Examples = ["backstop policy diff v7.yaml v8.yaml", "backstop policy diff v7.yaml v8.yaml --json"],
        };
        verb.Arguments.Add(before);
        verb.Arguments.Add(after);
        Add(verb, json);
        verb.SetAction(line =>
        {
            var changes = PolicyDiff.Between(GuardCommand.Policy(line.GetValue(before)!), GuardCommand.Policy(line.GetValue(after)!));
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new { Changes = changes });
                return;
            }

            output.WriteLine(changes.IsEmpty ? "They do the same." : $"{changes.Length} differences");
            foreach (var change in changes)
            {
                var effect = change.Stricter switch { true => "stricter", false => "LOOSER", null => "" };
                output.WriteLine($"  {change.Path}: {change.Before ?? "(nothing)"} -> {change.After ?? "(nothing)"}  {effect}".TrimEnd());
            }
        });
        return verb;
    }

    private static Verb Explain()
    {
        var file = new Argument<FileInfo?>("policy") { Description = "Guard policy, YAML or JSON. The default policy otherwise.", Arity = ArgumentArity.ZeroOrOne };
        var json = Verb.JsonOption();
        var verb = new Verb("explain", "Say in words what a policy does, stage by stage.")
        {
            Examples = ["backstop policy explain", "backstop policy explain policy.yaml --json"],
        };
        verb.Arguments.Add(file);
        Add(verb, json);
        verb.SetAction(line =>
        {
            var policy = line.GetValue(file) is { } given ? GuardCommand.Policy(given) : GuardPolicy.Default;
            var stages = PolicyExplanation.Of(policy);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new { policy.Name, Stages = stages.ToDictionary(stage => GuardStages.KeyOf(stage.Key), stage => stage.Value) });
                return;
            }

            output.WriteLine($"{policy.Name}");
            foreach (var (stage, checks) in stages)
            {
                output.WriteLine($"{GuardStages.KeyOf(stage)}{(policy.Stages.ContainsKey(stage) ? "" : " (not named: as the stage it is most like)")}");
                foreach (var check in checks)
                {
                    output.WriteLine($"  {check.Id}{(check.Mode == "enforce" ? "" : $" ({check.Mode})")}: {check.Action}");
                    output.WriteLine($"    a stream waits for {check.Waits}; when it breaks, {check.WhenBroken}{(check.Covers.IsEmpty ? "" : $"; OWASP {string.Join(", ", check.Covers)}")}");
                }
            }
        });
        return verb;
    }

    private static Verb Test()
    {
        var file = FileArgument("policy", "Guard policy, YAML or JSON.");
        var cases = FileArgument("cases", "Cases, YAML or JSON: a list 'cases' of 'name', 'stage', 'text', 'expect', perhaps 'fixed', 'checks', 'messages'.");
        var json = Verb.JsonOption();
        var verb = new Verb("test", "Run a policy over the cases it must pass. Exit code 1 when it does not.")
        {
            Examples = ["backstop policy test policy.yaml cases.yaml", "backstop policy test policy.yaml cases.yaml --json"],
        };
        verb.Arguments.Add(file);
        verb.Arguments.Add(cases);
        Add(verb, json);
        verb.SetAction(line =>
        {
            var results = PolicyCases.Run(GuardCommand.Policy(line.GetValue(file)!), Read(line.GetValue(cases)!, text => PolicyCases.Parse(text)));
            var failed = results.Count(result => result.Failure is not null);
            var output = line.InvocationConfiguration.Output;
            if (line.GetValue(json))
            {
                output.WriteJson(new { Passed = results.Length - failed, Failed = failed, Cases = results });
            }
            else
            {
                foreach (var (name, failure) in results)
                {
                    output.WriteLine(failure is null ? $"  ok    {name}" : $"  FAIL  {name}: {failure}");
                }

                output.WriteLine($"{results.Length - failed} passed, {failed} failed");
            }

            return failed > 0 ? ExitCode.No : ExitCode.Ok;
        });
        return verb;
    }

    private static T Read<T>(FileInfo file, Func<string, T> parse)
    {
        try
        {
            return parse(YamlManifest.Parse(File.ReadAllText(file.FullName)).ToJsonString());
        }
        catch (Exception e) when (e is FormatException or GuardPolicyException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{file.Name}: {e.Message}");
        }
    }

    private static void Add(Verb verb, params Option[] options)
    {
        foreach (var option in options)
        {
            verb.Options.Add(option);
        }
    }
}
