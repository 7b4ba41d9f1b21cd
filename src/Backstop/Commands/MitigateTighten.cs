using System.CommandLine;
using System.Text.Json.Nodes;
using Backstop.CommandLine;
using Backstop.Core.Guards;

namespace Backstop.Commands;

/// <summary><c>backstop mitigate tighten</c>: one check by name, or an emergency overlay from a file.</summary>
internal static class MitigateTighten
{
    private const double UsualMinutes = 60;

    public static Verb Create(Argument<string> alias)
    {
        var file = new Argument<FileInfo?>("file")
        {
            Description = "An overlay, YAML or JSON: 'stages' as in a guard policy, perhaps 'owner', 'reason' and 'expires'. Or name a check.", Arity = ArgumentArity.ZeroOrOne,
        };
        var check = new Option<string?>("--check") { Description = "Name of a check, such as injection." };
        var stage = new Option<string>("--stage") { Description = "Where it looks: input, retrieval, tool_args, tool_result, output or reasoning.", DefaultValueFactory = _ => "input" };
        var action = new Option<string>("--action") { Description = "What happens to what it finds.", DefaultValueFactory = _ => "block" };
        var threshold = new Option<double?>("--threshold") { Description = "Score from which it finds something, 0 to 1; the check's own if absent." };
        var minutes = new Option<double?>("--minutes") { Description = $"For how long, up to 10080; until the file's 'expires', or {UsualMinutes:0}, if absent. It ends by itself." };
        var reason = new Option<string?>("--reason") { Description = "Why; it is kept in the journal. The file's if absent." };
        stage.AcceptOnlyFromAmong([.. GuardStages.ByKey.Keys]);

        var verb = Remote.Verb(
            "tighten",
            "Lay checks beside those of whichever release answers. Nothing gets looser by it.",
            [alias, file, check, stage, action, threshold, minutes, reason],
            async (line, client, cancel) =>
            {
                var overlay = (line.GetValue(file), line.GetValue(check)) switch
                {
                    ({ } path, null) => await ReleaseCommand.Read(path, cancel),
                    (null, { } name) => new JsonObject { ["stages"] = Stage(line.GetRequiredValue(stage), name, line.GetRequiredValue(action), line.GetValue(threshold)) },
                    _ => throw CommandFailure.Usage("Name a check (--check injection --threshold 0.3) or a file with an overlay, and not both."),
                };
                return await client.AliasRule(
                    line.GetRequiredValue(alias),
                    "mitigations",
                    new
                    {
                        kind = "tighten",
                        stages = overlay["stages"] ?? throw CommandFailure.Usage("The overlay has no 'stages'. Write them as in a guard policy."),
                        for_ms = For(line.GetValue(minutes), overlay),
                        reason = Reason(line.GetValue(reason), overlay),
                    },
                    cancel);
            },
            MitigateCommand.Begun);
        verb.Examples =
        [
            "backstop mitigate tighten assistant:prod --check injection --threshold 0.3 --reason \"a wave of attacks\"",
            "backstop mitigate tighten assistant:prod tonight.yaml",
            "backstop mitigate tighten assistant:prod --stage output --check toxicity --threshold 0.3 --minutes 30 --reason \"abuse\" --json",
        ];
        return verb;
    }

    private static JsonObject Stage(string stage, string check, string action, double? threshold)
    {
        var use = new JsonObject { ["use"] = check, ["action"] = action };
        if (threshold is { } least)
        {
            use["threshold"] = least;
        }

        return new() { [stage] = new JsonObject { ["checks"] = new JsonArray(use) } };
    }

    private static long For(double? minutes, JsonObject overlay) =>
        (long)(minutes is { } told ? TimeSpan.FromMinutes(told)
            : Text(overlay, "expires") is not { } expires ? TimeSpan.FromMinutes(UsualMinutes)
            : DateTimeOffset.TryParse(expires, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var end) ? end - TimeProvider.System.GetUtcNow()
            : throw CommandFailure.Usage($"expires: '{expires}' is not a time. Write it as 2026-01-31T18:00:00Z.")).TotalMilliseconds;

    private static string Reason(string? told, JsonObject overlay)
    {
        var reason = told ?? Text(overlay, "reason") ?? throw CommandFailure.Usage("Say why it is needed: --reason, or 'reason' in the file.");
        return Text(overlay, "owner") is { } owner ? $"{reason} ({owner} answers for it)" : reason;
    }

    private static string? Text(JsonObject overlay, string key) => overlay[key] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;
}
