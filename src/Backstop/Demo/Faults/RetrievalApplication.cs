using System.Globalization;
using System.Text.Json.Nodes;
using Backstop.Emulation;

namespace Backstop.Demo.Faults;

/// <summary>An application that answers from a price list it looks up. The fault: its index points at a snapshot of half a year ago.</summary>
internal sealed class RetrievalApplication(HttpClient http, int seed) : Application(http, seed)
{
    private const double StaleDays = 180;

    private static readonly string[] Products = ["kettle", "lamp", "chair", "clock", "kite", "drum", "vase", "rug"];

    public override string Fault => "index";

    public override string Alias => "prices:prod";

    public override JsonObject Manifest(string release, Uri replica) => DemoManifest.Of(release, replica);

    protected override async Task<(string Id, int Status, string? Release, string Text, bool? Correct)> Ask(string id, Dice dice, bool broken, CancellationToken cancel)
    {
        var (product, price, age) = (dice.Pick(Products), dice.Between(20, 90), 0.1 + (0.8 * dice.NextDouble()));
        var old = price + dice.Between(3, 15); // Half a year ago everything cost something else.
        var (status, release, answer) = broken
            ? await Lookup(id, product, old, "list-2026-05", StaleDays + age, cancel)
            : await Lookup(id, product, price, "list-2026-11", age, cancel);

        // What an application does that was told so: it asks its last good index.
        if (status == 422 && (string?)answer?["error"]?["code"] == "stale_retrieval")
        {
            id += "-again";
            (status, release, answer) = await Lookup(id, product, price, "list-2026-11", age, cancel);
        }

        var text = TextOf(answer);
        var given = text.Length > 0 && text[0] == '{' ? (string?)JsonNode.Parse(text)?["answer"] : null;
        return (id, status, release, text, given == price.ToString(CultureInfo.InvariantCulture));
    }

    private Task<(int Status, string? Release, JsonNode? Body)> Lookup(string id, string product, int price, string index, double days, CancellationToken cancel) => Send(
        id,
        "v1/chat/completions",
        new() { ["model"] = Alias, ["messages"] = new JsonArray(Message("user", $"Price list: a {product} costs {price} euros. What does a {product} cost?")) },
        FormattableString.Invariant($"index={index}, age={days * 86_400:0}, score=0.8, documents=1"),
        cancel);
}
