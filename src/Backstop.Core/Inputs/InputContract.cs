using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Backstop.Core.Inputs;

/// <summary>What requests to an alias must bring with them, kept at the gateway request by request, whichever release answers.</summary>
/// <remarks>
/// It is how a fault that no rollback helps against is contained, and, once its incident was learnt from, kept from coming
/// back. What can be repaired is repaired; only what cannot is refused.
/// </remarks>
public sealed record InputContract
{
    /// <summary>Nothing is asked for.</summary>
    public static InputContract None { get; } = new();

    /// <summary>Fingerprints of the system messages that callers may send; null for any.</summary>
    public ImmutableSortedSet<string>? Prompts { get; init; }

    /// <inheritdoc cref="Inputs.UnknownPrompt"/>
    public UnknownPrompt OtherPrompts { get; init; }

    /// <summary>By feature: what stands in for a null.</summary>
    public ImmutableSortedDictionary<string, double> Defaults { get; init; } = ImmutableSortedDictionary<string, double>.Empty;

    /// <summary>Age in days from which retrieved documents are too old to answer from; null for none.</summary>
    public double? OldestDays { get; init; }

    /// <summary>Indexes whose documents no request may bring: their versions as applications name them; one that ends in a star stands for all that begin so.</summary>
    public ImmutableSortedSet<string> Bypassed { get; init; } = ImmutableSortedSet<string>.Empty;

    /// <summary>Whether a fault that is found is contained without a person's word.</summary>
    public bool ContainsByItself { get; init; }

    /// <summary>Whether anything is asked for.</summary>
    public bool AsksNothing => Prompts is null && Defaults.IsEmpty && OldestDays is null && Bypassed.IsEmpty;

    /// <summary>The same with what another one asks for besides.</summary>
    public InputContract And(InputContract other) => this with
    {
        Prompts = other.Prompts is { } more ? more.Union(Prompts ?? []) : Prompts,
        Defaults = Defaults.SetItems(other.Defaults),
        OldestDays = other.OldestDays ?? OldestDays,
    };

    /// <summary>The same without what another one asks for.</summary>
    public InputContract Without(InputContract other) => this with
    {
        Prompts = other.Prompts is null ? Prompts : null,
        Defaults = Defaults.RemoveRange(other.Defaults.Keys),
        OldestDays = other.OldestDays is null ? OldestDays : null,
    };

    /// <summary>The member <c>inputs</c> of a traffic policy that says this.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["contain"] = ContainsByItself ? "automatically" : "when_told" };
        if (Prompts is { } known)
        {
            json["prompts"] = new JsonObject { ["known"] = new JsonArray([.. known.Select(k => JsonValue.Create(k))]), ["otherwise"] = OtherPrompts == UnknownPrompt.Refuse ? "refuse" : "pin" };
        }

        if (!Defaults.IsEmpty)
        {
            json["features"] = new JsonObject { ["defaults"] = new JsonObject(Defaults.Select(d => KeyValuePair.Create<string, JsonNode?>(d.Key, d.Value))) };
        }

        if (OldestDays is not null || !Bypassed.IsEmpty)
        {
            var retrieval = new JsonObject();
            json["retrieval"] = retrieval;
            if (OldestDays is { } days)
            {
                retrieval["oldest_days"] = days;
            }

            if (!Bypassed.IsEmpty)
            {
                retrieval["bypass"] = new JsonArray([.. Bypassed.Select(i => JsonValue.Create(i))]);
            }
        }

        return json;
    }

    /// <summary>Whether documents of an index may not be brought. Of one that is not named nobody knows that it is another.</summary>
    public bool Bypasses(string? index)
    {
        foreach (var pattern in Bypassed)
        {
            if (index is null || (pattern.EndsWith('*') ? index.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal) : index == pattern))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a system message that was counted as this may pass as it is. The prompt of a release may, whoever sends it.</summary>
    public bool Knows(string counted) => Prompts is null
        || counted == PromptFingerprint.None
        || PromptFingerprint.OwnOf(counted) is not null
        || Prompts.Contains(PromptFingerprint.Bare(counted));
}

/// <summary>What becomes of a system message that nobody knows.</summary>
public enum UnknownPrompt
{
    /// <summary>The release's own prompt stands in its place; of a release that has none, nothing does.</summary>
    Pin,

    /// <summary>The request is refused.</summary>
    Refuse,
}
