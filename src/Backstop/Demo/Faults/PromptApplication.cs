using System.Text.Json.Nodes;
using Backstop.Emulation;

namespace Backstop.Demo.Faults;

/// <summary>An application with a system message of its own beside the release's. The fault: somebody edits it and registers nothing.</summary>
internal sealed class PromptApplication(HttpClient http, int seed) : Application(http, seed)
{
    private const string Usual = "You speak for a shop. Keep every explanation short.";
    private const string Edited = "You speak for a shop. Chat freely, in plain sentences and never in JSON.";

    public override string Fault => "prompt";

    public override string Alias => "assistant:prod";

    public override JsonObject Manifest(string release, Uri replica) => DemoManifest.Of(release, replica);

    protected override async Task<(string Id, int Status, string? Release, string Text, bool? Correct)> Ask(string id, Dice dice, bool broken, CancellationToken cancel)
    {
        var question = Questions.Next(dice);
        var body = new JsonObject { ["model"] = Alias, ["messages"] = new JsonArray(Message("system", broken ? Edited : Usual), Message("user", question.Text)) };
        var (status, release, answer) = await Send(id, "v1/chat/completions", body, null, cancel);
        var text = TextOf(answer);
        return (id, status, release, text, question.IsAnsweredBy(text));
    }
}
