using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Guards;
using Backstop.Core.Inputs;
using Backstop.Core.Registry;

namespace Backstop.Core.Routing;

/// <summary>How an alias's traffic is treated, whichever release answers: limits, fallbacks, timeouts, stickiness, tests on the side.</summary>
/// <remarks>
/// It belongs to the alias and not to a release, so that a mitigation can change it on the live route. It names releases by
/// digest. Two policies are equal when their documents are.
/// </remarks>
[JsonConverter(typeof(TrafficPolicyJson))]
public sealed record TrafficPolicy
{
    private TrafficPolicy(string json) => Json = json;

    /// <summary>Nothing is limited and nothing is tested; the gateway's own options hold.</summary>
    public static TrafficPolicy Default { get; } = Read("{}");

    /// <summary>The canonical document.</summary>
    public string Json { get; }

    public Timeouts Timeouts { get; internal init; } = Timeouts.None;

    /// <summary>What all callers together may ask of one gateway.</summary>
    public Limits Alias { get; internal init; } = Limits.None;

    /// <summary>What each caller may ask of one gateway.</summary>
    public Limits Caller { get; internal init; } = Limits.None;

    /// <summary>The header by which a trusted proxy names callers; null when their keys, or else their addresses, tell them apart.</summary>
    public string? CallerHeader { get; internal init; }

    /// <summary>Who answers when the assigned release does not, in order.</summary>
    public ImmutableArray<Fallback> Fallbacks { get; internal init; } = [];

    /// <summary>What becomes of the streams of a release that a swap takes out.</summary>
    public InFlight InFlight { get; internal init; } = InFlight.Finish;

    /// <summary>What requests have in common that are assigned together.</summary>
    public Stickiness Sticky { get; internal init; } = Stickiness.None;

    /// <summary>Named arms beside the baseline, at most two: one takes its share from the bottom of the range and one from the top.</summary>
    public ImmutableArray<Variant> Variants { get; internal init; } = [];

    /// <summary>Who gets copies of requests whose answers no user sees.</summary>
    public Shadow? Shadow { get; internal init; }

    /// <summary>Replicas that get no request: addresses, or their beginnings with a star at the end.</summary>
    public ImmutableArray<string> Drained { get; internal init; } = [];

    /// <summary>Checks beside those of whichever release answers; null for none.</summary>
    public Tightening? Tightening { get; internal init; }

    /// <summary>Whether a caller may choose among the route's releases with <c>x-backstop-release</c>.</summary>
    public bool TestersChoose { get; internal init; }

    /// <summary>What requests must bring with them.</summary>
    public InputContract Inputs { get; internal init; } = InputContract.None;

    /// <summary>How answers are scored.</summary>
    public ImmutableArray<ScoreSignal> Signals { get; internal init; } = [];

    /// <summary>The digests it names.</summary>
    public IEnumerable<string> Releases() => Fallbacks.OfType<Fallback.ToRelease>().Select(f => f.Release)
        .Concat(Variants.Select(v => v.Release))
        .Concat(Shadow is { } shadow ? [shadow.Release] : []);

    /// <summary>Reads a document.</summary>
    /// <exception cref="TrafficPolicyException">It is none; the message says where and what to write instead.</exception>
    public static TrafficPolicy Parse(string json)
    {
        try
        {
            var canonical = CanonicalJson.Of(json);
            return canonical == Default.Json ? Default : Read(canonical); // Most aliases have no other.
        }
        catch (JsonException e)
        {
            throw new TrafficPolicyException($"The traffic policy is not valid JSON: {e.Message}", e);
        }
        catch (GuardPolicyException e)
        {
            throw new TrafficPolicyException($"The traffic policy cannot be used. {e.Message}", e);
        }
    }

    /// <summary>The same with another contract.</summary>
    public TrafficPolicy With(InputContract inputs)
    {
        var json = JsonNode.Parse(Json)!.AsObject();
        json["inputs"] = inputs.ToJson();
        return Parse(json.ToJsonString());
    }

    public bool Equals(TrafficPolicy? other) => other is not null && Json == other.Json;

    public override int GetHashCode() => (int)StableHash.Of("", Json);

    private static TrafficPolicy Read(string canonical) => TrafficPolicyReader.Read(PolicyNode.Parse(canonical, ""), new(canonical));
}

/// <summary>What may be asked of one gateway; null for as much as comes.</summary>
/// <param name="RequestsPerSecond">Requests taken in a second, in the long run.</param>
/// <param name="Burst">Requests taken at once after a quiet time; as many as a second's, and at least one, unless told.</param>
/// <param name="Concurrent">Requests being answered at one time.</param>
public sealed record Limits(double? RequestsPerSecond = null, int? Burst = null, int? Concurrent = null)
{
    public static Limits None { get; } = new();
}

/// <summary>What a request is answered with when the assigned release gave no answer.</summary>
public abstract record Fallback
{
    private Fallback()
    {
    }

    /// <summary>The release that was verified before.</summary>
    public sealed record ToPrevious : Fallback;

    /// <summary>A release of the alias's owner's choice, kept warm for this.</summary>
    public sealed record ToRelease(string Release) : Fallback;

    /// <summary>A text that says that there is no answer, or what to do meanwhile.</summary>
    public sealed record ToText(string Text) : Fallback;
}

/// <summary>What becomes of a stream whose release a swap takes out.</summary>
public enum InFlight
{
    /// <summary>It goes on to its end.</summary>
    Finish,

    /// <summary>It ends with the next piece that arrives.</summary>
    Stop,

    /// <summary>It ends now.</summary>
    Cut,
}

/// <summary>What requests have in common that are assigned together. The header <c>x-backstop-unit</c> always comes first.</summary>
/// <param name="Header">A header that names the user or the conversation; null for none.</param>
/// <param name="ByUser">Whether the member <c>user</c> of the body counts.</param>
public sealed record Stickiness(string? Header, bool ByUser)
{
    /// <summary>Every request for itself.</summary>
    public static Stickiness None { get; } = new(null, ByUser: false);
}

/// <summary>A named arm of a test between releases.</summary>
/// <param name="BasisPoints">Its share of what is neither candidate nor holdback, 1 to 10,000.</param>
public sealed record Variant(string Name, string Release, int BasisPoints);

/// <summary>Who gets copies.</summary>
/// <param name="BasisPoints">Share of the requests that are copied, 1 to 10,000.</param>
public sealed record Shadow(string Release, int BasisPoints);

/// <summary>A traffic policy that cannot be used. The message says what to change.</summary>
public sealed class TrafficPolicyException : Exception
{
    public TrafficPolicyException()
    {
    }

    public TrafficPolicyException(string message)
        : base(message)
    {
    }

    public TrafficPolicyException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>Stores a policy as its document.</summary>
internal sealed class TrafficPolicyJson : JsonConverter<TrafficPolicy>
{
    public override TrafficPolicy Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        try
        {
            return TrafficPolicy.Parse(document.RootElement.GetRawText());
        }
        catch (TrafficPolicyException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    public override void Write(Utf8JsonWriter writer, TrafficPolicy value, JsonSerializerOptions options) => writer.WriteRawValue(value.Json);
}
