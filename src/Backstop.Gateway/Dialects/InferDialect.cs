using System.Text.Json;
using Backstop.Core.Registry;
using Backstop.Gateway.Inputs;
using Backstop.Gateway.Requests;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Dialects;

/// <summary>
/// <c>POST /v2/models/{alias}/infer</c>, the Open Inference Protocol, version 2, over HTTP with tensors in JSON, as KServe, Triton,
/// Seldon, MLServer and OpenVINO speak it.
/// </summary>
internal sealed class InferDialect : Dialect
{
    public override string Protocol => "open-inference";

    public override ErrorForm Errors => ErrorForm.OpenInference;

    public override string Operation => "infer";

    public override string TextMember => "inputs";

    public override Uri AddressOf(Serving serving, Uri replica) => ModelAddress(serving, replica, "/infer");

    /// <summary>Address of a release's model at a replica, whose own address may end in <c>/v2</c> or not.</summary>
    public static Uri ModelAddress(Serving serving, Uri replica, string operation)
    {
        var root = replica.AbsoluteUri.TrimEnd('/');
        var version = root.EndsWith("/v2", StringComparison.Ordinal) ? "" : "/v2";
        return new($"{root}{version}/models/{Uri.EscapeDataString(serving.Model)}{operation}");
    }

    // The binary extension puts tensors behind the JSON, where no check could read them.
    public override ApiError? FlawOf(IHeaderDictionary headers) =>
        headers.ContainsKey("Inference-Header-Content-Length") ? ApiError.BinaryTensors(TextMember) : null;

    public override List<AnswerText> TextsOf(ReadOnlyMemory<byte> answer) =>
        [.. Outputs(answer.Span).Select((place, index) => new AnswerText(new(index, AnswerField.Content), JsonText.At(answer.Span, place)))];

    public override void Expect(ReadOnlyMemory<byte> answer) => Outputs(answer.Span);

    public override byte[] WithTexts(ReadOnlyMemory<byte> answer, IReadOnlyList<AnswerText> texts)
    {
        var places = Outputs(answer.Span);
        return Splice.Into(answer.Span, texts.Select(t => Splice.Edit.Of(places[t.Place.Choice], t.Text)));
    }

    public override bool IsError(ReadOnlyMemory<byte> body) => KindOf(body.Span, "error"u8) == JsonTokenType.String;

    internal override void ReadMember(string name, ref Utf8JsonReader reader, ModelRequest request)
    {
        switch (name)
        {
            case "inputs" when reader.TokenType == JsonTokenType.StartArray:
                ReadInputs(ref reader, request);
                break;
            case "parameters":
                ReadParameters(ref reader, request);
                break;
            case "outputs":
                ExpectJson(ref reader, request, "outputs");
                break;
            default:
                request.Expect(name != "inputs", "inputs", "an array of tensors");
                reader.Skip();
                break;
        }
    }

    internal override void Complete(ModelRequest request)
    {
        if (request.Members.Count == 0 || !request.Members.Exists(m => m.Name == "inputs"))
        {
            request.Refuse(ApiError.InvalidRequest("The 'inputs' field is missing: it holds the tensors to infer from.", "inputs"));
        }
        else if (request.Parameters == ParameterPlace.None)
        {
            request.Parameters = new([], request.Members[0].Member.Start.Value, "\"parameters\":{", "},");
        }
    }

    private static void ReadInputs(ref Utf8JsonReader reader, ModelRequest request)
    {
        var features = new FeatureReader();
        var places = Tensors.Read(ref reader, features, out var problem);
        request.Features = features.Features;
        foreach (var place in places)
        {
            request.AddText(place);
        }

        if (problem is var (index, what))
        {
            request.Refuse(ApiError.InvalidRequest(
                $"The tensor inputs[{index}] {what}: the gateway takes tensors in JSON, not in binary or in shared memory.", $"inputs[{index}]"));
        }
    }

    private static void ReadParameters(ref Utf8JsonReader reader, ModelRequest request)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            request.Expect(false, "parameters", "an object");
            reader.Skip();
            return;
        }

        var before = reader;
        ExpectJson(ref before, request, "parameters");
        var (behind, members) = ((int)reader.BytesConsumed, new List<(string Name, Range Member)>());
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (start, name) = ((int)reader.TokenStartIndex, reader.GetString()!);
            reader.Read();
            reader.Skip();
            members.Add((name, start..(int)reader.BytesConsumed));
        }

        request.Parameters = members.Count == 0 ? new(members, behind, "", "") : new(members, members[0].Member.Start.Value, "", ",");
    }

    // A caller who asks for tensors in binary would be sent what no check has read.
    private static void ExpectJson(ref Utf8JsonReader reader, ModelRequest request, string member)
    {
        var depth = reader.CurrentDepth;
        if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject))
        {
            return;
        }

        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var asks = reader.ValueTextEquals("binary_data"u8) || reader.ValueTextEquals("binary_data_output"u8);
            var shares = reader.ValueTextEquals("shared_memory_region"u8);
            reader.Read();
            if (shares || (asks && reader.TokenType == JsonTokenType.True))
            {
                request.Refuse(ApiError.BinaryTensors(member));
            }
        }
    }

    private static List<Range> Outputs(ReadOnlySpan<byte> answer)
    {
        var reader = new Utf8JsonReader(answer);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("the answer is not an object.");
        }

        // An answer that has the member twice has both read: a client may believe either.
        List<Range>? texts = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isOutputs = reader.ValueTextEquals("outputs"u8);
            reader.Read();
            if (isOutputs && reader.TokenType == JsonTokenType.StartArray)
            {
                (texts ??= []).AddRange(Tensors.Read(ref reader, null, out var problem));
                if (problem is not null)
                {
                    throw new JsonException("an output is not a tensor in JSON.");
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return reader.Read() || texts is null ? throw new JsonException("the answer has no outputs.") : texts;
    }
}
