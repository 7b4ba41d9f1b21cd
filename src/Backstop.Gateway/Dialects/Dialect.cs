using System.Text.Json;
using Backstop.Core.Registry;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Dialects;

/// <summary>One way to ask a model over HTTP: how a question, an answer and an error are written in it.</summary>
/// <remarks>Only the writing differs. In which order a request is served is the same for all, and stands in <see cref="RequestPath"/>.</remarks>
public abstract class Dialect
{
    /// <summary>OpenAI's chat completions.</summary>
    public static readonly Dialect Chat = new ChatDialect();

    /// <summary>OpenAI's completions, which came before chat.</summary>
    public static readonly Dialect Completions = new CompletionsDialect();

    /// <summary>OpenAI's embeddings.</summary>
    public static readonly Dialect Embeddings = new EmbeddingsDialect();

    /// <summary>OpenAI's responses.</summary>
    public static readonly Dialect Responses = new ResponsesDialect();

    /// <summary>Open Inference's infer.</summary>
    public static readonly Dialect Infer = new InferDialect();

    protected Dialect() => Destination = (pool, replica) => replica.DestinationFor(this, pool);

    /// <summary>Where a replica of a release is asked in it.</summary>
    internal Func<ReleasePool, Replica, Destination> Destination { get; }

    /// <summary>What a release's manifest must name as its servers' protocol to be asked so.</summary>
    public abstract string Protocol { get; }

    /// <summary>What it asks for, as OpenTelemetry's conventions for generative AI call it.</summary>
    public abstract string Operation { get; }

    /// <summary>The form of errors that its clients read.</summary>
    public abstract ErrorForm Errors { get; }

    /// <summary>The member of a request that holds its texts.</summary>
    public abstract string TextMember { get; }

    /// <summary>Whether a request is a conversation that can be kept as a sample and asked again.</summary>
    public virtual bool IsConversation => false;

    /// <summary>Where the choices of its answers say something; null when it has no choices.</summary>
    public virtual ChoiceForm? Choices => null;

    /// <summary>Whether its answers may come in events.</summary>
    public virtual bool Streams => Choices is not null;

    /// <summary>Where a replica answers it.</summary>
    public abstract Uri AddressOf(Serving serving, Uri replica);

    /// <summary>What the headers of a request say that makes it one that cannot be served; null when nothing.</summary>
    public virtual ApiError? FlawOf(IHeaderDictionary headers) => null;

    /// <summary>Takes note of one member of a request's object. The reader stands on its value, and must be left at the value's end.</summary>
    internal abstract void ReadMember(string name, ref Utf8JsonReader reader, ModelRequest request);

    /// <summary>Checks a request that was read to its end.</summary>
    internal abstract void Complete(ModelRequest request);

    /// <summary>Every text of a finished answer that the ring must see.</summary>
    /// <exception cref="JsonException">It is not an answer.</exception>
    /// <exception cref="InvalidOperationException">It is not an answer, or a string holds half a surrogate pair.</exception>
    public abstract List<AnswerText> TextsOf(ReadOnlyMemory<byte> answer);

    /// <summary>Refuses what is not a finished answer, for when nobody looks at its texts.</summary>
    /// <exception cref="JsonException">It is not an answer.</exception>
    /// <exception cref="InvalidOperationException">It is not an answer.</exception>
    public abstract void Expect(ReadOnlyMemory<byte> answer);

    /// <summary>The answer with changed texts; all else stays.</summary>
    public abstract byte[] WithTexts(ReadOnlyMemory<byte> answer, IReadOnlyList<AnswerText> texts);

    /// <summary>The answer with a safe text in the place of what the model wrote; null when its clients could only take that for data.</summary>
    public virtual byte[]? Blocked(ReadOnlyMemory<byte> answer, string safeText) => null;

    /// <summary>Whether a body is an error in this form.</summary>
    public abstract bool IsError(ReadOnlyMemory<byte> body);

    /// <summary>How the value of a member begins when a body is an object that has it once; otherwise none.</summary>
    protected static JsonTokenType KindOf(ReadOnlySpan<byte> body, ReadOnlySpan<byte> member)
    {
        var kind = JsonTokenType.None;
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return JsonTokenType.None;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isIt = reader.ValueTextEquals(member);
                reader.Read();
                if (isIt && kind != JsonTokenType.None)
                {
                    return JsonTokenType.None;
                }

                kind = isIt ? reader.TokenType : kind;
                reader.Skip();
            }

            return reader.Read() ? JsonTokenType.None : kind;
        }
        catch (JsonException)
        {
            return JsonTokenType.None;
        }
    }
}
