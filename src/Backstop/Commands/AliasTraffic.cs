using System.CommandLine;
using Backstop.CommandLine;

namespace Backstop.Commands;

/// <summary><c>backstop alias traffic</c>: limits, fallbacks and splits of an alias, changed while it serves.</summary>
internal static class AliasTraffic
{
    public static Verb Create()
    {
        var name = new Argument<string>("name") { Description = "Name of the alias, such as assistant:prod." };
        var file = new Argument<FileInfo?>("file")
        {
            Description = "The traffic policy, YAML or JSON; it replaces the one before. Without it, the present one is shown.", Arity = ArgumentArity.ZeroOrOne,
        };
        var reason = new Option<string>("--reason") { Description = "Why; it is kept in the journal.", DefaultValueFactory = _ => "by hand" };
        return Remote.Verb(
            "traffic",
            "Show or change how an alias's traffic is treated: limits, fallbacks, timeouts, splits. docs/gateway.md has every key.",
            [name, file, reason],
            async (parse, client, cancel) => parse.GetValue(file) is { } path
                ? await client.Shape(parse.GetRequiredValue(name), await ReleaseCommand.Read(path, cancel), parse.GetRequiredValue(reason), cancel)
                : await client.Traffic(parse.GetRequiredValue(name), cancel),
            (traffic, screen) =>
            {
                screen.Line($"Generation {traffic.Generation}:");
                screen.Line(traffic.Policy.ToJsonString(JsonOutput.Options));
            },
            "backstop alias traffic assistant:prod", "backstop alias traffic assistant:prod traffic.yaml --reason \"one model server less\"");
    }
}
