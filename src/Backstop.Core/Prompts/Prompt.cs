using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Registry;

namespace Backstop.Core.Prompts;

/// <summary>What a release says before a conversation begins.</summary>
public sealed record Prompt
{
    private ImmutableArray<ulong> _fingerprints;

    /// <summary>The messages, in their order. Each text is a Liquid template where <see cref="IsTemplate"/>.</summary>
    public required ImmutableArray<PromptMessage> Messages { get; init; }

    /// <summary>What is put into the templates, by name.</summary>
    public ImmutableSortedDictionary<string, PromptVariable> Variables { get; init; } =
        ImmutableSortedDictionary.Create<string, PromptVariable>(StringComparer.Ordinal);

    /// <summary>Whether the texts are templates; if not, they are sent as they stand, braces and all.</summary>
    public required bool IsTemplate { get; init; }

    /// <summary>What recognises a copy of its fixed texts; see <see cref="Prompts.Fingerprints"/>.</summary>
    public ImmutableArray<ulong> Fingerprints => _fingerprints.IsDefault ? _fingerprints = Prompts.Fingerprints.Of(FixedTexts) : _fingerprints;

    /// <summary>The texts that are the same in every request.</summary>
    public IEnumerable<string> FixedTexts => Messages.SelectMany(m => IsTemplate ? LiquidText.FixedTexts(m.Text) : [m.Text]);

    /// <summary>Reads a prompt: <c>system</c>, one text that is sent as it stands; or <c>messages</c>, templates, with the <c>variables</c> they use.</summary>
    /// <exception cref="PromptException">Something in it makes no sense; the message says where and what to write instead.</exception>
    public static Prompt Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new() { AllowDuplicateProperties = false });
            return PromptReader.Read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new PromptException($"The prompt is not valid JSON: {e.Message}", e);
        }
        catch (ManifestException e)
        {
            throw new PromptException(e.Message, e);
        }
    }

    /// <summary>Two prompts are equal when their content is.</summary>
    public bool Equals(Prompt? other) =>
        other is not null && IsTemplate == other.IsTemplate && Messages.SequenceEqual(other.Messages) && Variables.SequenceEqual(other.Variables);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Routing.StableHash.Of("prompt", string.Concat(Messages.Select(m => m.Text)));
}

/// <summary>One message of a prompt.</summary>
/// <param name="Role">Who says it: <c>system</c>, <c>developer</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Text">What is said.</param>
public sealed record PromptMessage(string Role, string Text);

/// <summary>A value that a request puts into the templates.</summary>
/// <param name="Description">For those who fill it in; or null.</param>
/// <param name="Default">What it is where a request has none, as canonical JSON; null when every request must have it.</param>
/// <param name="Example">What it is in gates and previews, as canonical JSON; null for its default.</param>
public sealed record PromptVariable(string? Description = null, string? Default = null, string? Example = null)
{
    /// <summary>Whether a request must have it.</summary>
    public bool IsRequired => Default is null;
}

/// <summary>A prompt that cannot be used; the message says what to change.</summary>
public sealed class PromptException : Exception
{
    public PromptException()
    {
    }

    public PromptException(string message)
        : base(message)
    {
    }

    public PromptException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
