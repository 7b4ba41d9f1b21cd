using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;

namespace Backstop.Gateway.Requests;

/// <summary>A streamed answer of the responses API.</summary>
/// <remarks>
/// Its events say every text several times: in pieces, whole, with its item, and once more with the response at the end. So where a ring
/// looks, all of them wait for the end, which says everything, and leave as they came when it is good. Where none looks, each leaves at once.
/// </remarks>
internal sealed class ResponseRun(RingSession? ring, AnswerSink sink, int mostBytesWaiting, OutsideGuards guards, CancellationToken left) : EventRun(sink, mostBytesWaiting)
{
    private readonly Dictionary<(string Kind, int Item, int Part), StringBuilder> _said = [];
    private readonly AnswerSink _sink = sink;
    private Screened? _end;
    private int _last;

    public override async ValueTask<Screened?> Take(ReadOnlyMemory<byte> bytes)
    {
        var data = SseReader.Data(bytes);
        if (data.Length == 0 || data.Span.SequenceEqual("[DONE]"u8))
        {
            Forward(bytes.Span, release: false);
            return null;
        }

        using var document = JsonDocument.Parse(data, new() { AllowDuplicateProperties = false });
        var root = document.RootElement;
        var type = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("type", out var named) ? named.GetString() : null;
        _last = Number(root, "sequence_number");
        switch (type)
        {
            case null:
                throw new JsonException("an event has no type.");
            case "error" or "response.failed":
                throw new JsonException("an event carries an error.");
            case "response.completed" or "response.incomplete":
                return await Complete(bytes, root.GetProperty("response"));
            default:
                Note(type, root);
                Forward(bytes.Span, release: ring is null && type.EndsWith(".delta", StringComparison.Ordinal));
                return null;
        }
    }

    public override ValueTask<Screened> End(string problem) => new(_end ?? Fail(ApiError.UpstreamError(problem)));

    protected override byte[] ErrorEvent(ApiError error) => Event(new JsonObject
    {
        ["type"] = "error", ["code"] = error.Code, ["message"] = error.Message, ["param"] = error.Param, ["sequence_number"] = _last + 1,
    });

    // What was said in pieces must be looked at also where the end does not say it again.
    private void Note(string type, JsonElement root)
    {
        if (ring is null || !root.TryGetProperty("delta", out var delta) || delta.ValueKind != JsonValueKind.String)
        {
            return;
        }

        var place = (type, Number(root, "output_index"), Number(root, "content_index") + Number(root, "summary_index"));
        if (!_said.TryGetValue(place, out var text))
        {
            _said[place] = text = new();
        }

        text.Append(delta.GetString());
    }

    private async ValueTask<Screened?> Complete(ReadOnlyMemory<byte> bytes, JsonElement response)
    {
        if (ring is null)
        {
            ResponseAnswer.Read(response);
            _end = new Screened.Deliverable(200, Body: null, "", Outcome.Unlabelled);
            Forward(bytes.Span, release: true);
            return null;
        }

        var texts = ResponseAnswer.Read(response);
        var edits = new List<AnswerText>();
        var recorded = Outcome.Unlabelled;
        foreach (var text in texts)
        {
            var ruling = await guards.Screen(ring, [ScanUnit.Output(text.Text, text.Place.Choice) with { Stage = text.Place.Stage }], left);
            if (ruling.Stops)
            {
                return Block(response, texts, ruling);
            }

            if (ruling.FixedText is { } better)
            {
                edits.Add(text with { Text = better });
            }

            recorded = recorded == Outcome.Unlabelled ? Screened.Of(ruling) : recorded;
        }

        foreach (var unseen in _said.Values.Select(said => said.ToString()).Except(texts.Select(text => text.Text), StringComparer.Ordinal))
        {
            // There is no place in which it could be mended.
            if (await guards.Screen(ring, [ScanUnit.Output(unseen)], left) is var ruling && (ruling.Stops || ruling.FixedText is not null))
            {
                return Block(response, texts, ruling);
            }
        }

        _end = new Screened.Deliverable(200, Body: null, texts[0].Text, recorded);
        if (edits.Count == 0)
        {
            Forward(bytes.Span, release: true);
            return null;
        }

        var mended = JsonObject.Create(response)!.DeepClone();
        edits.ForEach(edit => ResponseAnswer.Write(mended, edit));
        Forget();
        _sink.Stream(Events(mended.AsObject(), "response.completed"));
        return null;
    }

    private Screened.Blocked Block(JsonElement response, List<AnswerText> texts, Ruling ruling) => new(
        Events(ResponseAnswer.Stopped(JsonObject.Create(response)!.DeepClone().AsObject(), Screened.SafeTextOf(ruling)), "response.incomplete"), texts[0].Text, ruling);

    // The shortest stream that says a response: each item as it is added, its texts in one piece each, and the whole.
    private static byte[] Events(JsonObject response, string ending)
    {
        var begun = response.DeepClone().AsObject();
        (begun["status"], begun["output"]) = ("in_progress", new JsonArray());
        List<JsonObject> events = [new() { ["type"] = "response.created", ["response"] = begun }];
        var number = 0;
        foreach (var item in response["output"]!.AsArray())
        {
            AddItem(item!.AsObject(), number++, events);
        }

        events.Add(new() { ["type"] = ending, ["response"] = response.DeepClone() });
        return [.. events.SelectMany((e, index) =>
        {
            e["sequence_number"] = index;
            return Event(e);
        })];
    }

    private static void AddItem(JsonObject item, int number, List<JsonObject> events)
    {
        var empty = item.DeepClone().AsObject();
        if (empty["content"] is JsonArray)
        {
            empty["content"] = new JsonArray();
        }

        JsonObject About(string type, params (string Name, JsonNode? Value)[] more)
        {
            var about = new JsonObject { ["type"] = type, ["output_index"] = number };
            foreach (var (name, value) in more)
            {
                about[name] = value?.DeepClone();
            }

            return about;
        }

        events.Add(About("response.output_item.added", ("item", empty)));
        var index = 0;
        foreach (var part in item["content"] as JsonArray ?? [])
        {
            (string, JsonNode?)[] where = [("item_id", item["id"]), ("content_index", index++)];
            if ((string?)part!["text"] is { } text && (string?)part["type"] == "output_text")
            {
                var blank = part.DeepClone();
                blank["text"] = "";
                events.Add(About("response.content_part.added", [.. where, ("part", blank)]));
                events.Add(About("response.output_text.delta", [.. where, ("delta", text), ("logprobs", new JsonArray())]));
                events.Add(About("response.output_text.done", [.. where, ("text", text), ("logprobs", new JsonArray())]));
            }
            else
            {
                events.Add(About("response.content_part.added", [.. where, ("part", part)]));
            }

            events.Add(About("response.content_part.done", [.. where, ("part", part)]));
        }

        events.Add(About("response.output_item.done", ("item", item)));
    }

    private static byte[] Event(JsonObject data) =>
        Encoding.UTF8.GetBytes($"event: {(string?)data["type"]}\ndata: {data.ToJsonString()}\n\n");

    private static int Number(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : 0;
}
