using System.Collections.Immutable;
using Backstop.Core.Inputs;

namespace Backstop.Core.Prompts;

/// <summary>Tells whether a caller's system message is the prompt of a release, filled in or not, or a copy of it that somebody changed.</summary>
/// <remarks>
/// What is filled in can be any text, so a filled template is recognised by what stands around its tags: all texts outside of
/// conditions and loops, in their order, the first at the beginning and the last at the end. Words that somebody adds where a
/// value stands are not seen, and neither are words left out of a condition. A template with fewer than eight fixed words would
/// be found everywhere, and is not looked for.
/// </remarks>
public sealed class PromptRecogniser
{
    /// <summary>From this share of the fingerprints on, a text is taken for a changed copy.</summary>
    public const double LeastShare = 0.4;

    private readonly Prompt _prompt;
    private readonly ImmutableArray<(string Fingerprint, string Text, LiquidFrame? Frame)> _messages;

    public PromptRecogniser(Prompt prompt) => (_prompt, _messages) = (prompt,
    [
        .. prompt.Messages.Where(m => m.Role is "system" or "developer").Select(m => (PromptFingerprint.Of(m.Text), m.Text.Trim(), prompt.IsTemplate ? LiquidFrame.Of(m.Text) : null)),
    ]);

    /// <summary>The fingerprint of the prompt's own message that a text is; of a filled template that of the template; null when it is none.</summary>
    public string? Own(string text)
    {
        var bare = text.Trim();
        foreach (var (fingerprint, own, frame) in _messages)
        {
            if (frame is null ? bare == own : frame.Fits(bare))
            {
                return fingerprint;
            }
        }

        return null;
    }

    /// <summary>How much of the prompt stands in a text that is not its own: 0 to 1.</summary>
    public double Share(string text) => Fingerprints.Share(_prompt.Fingerprints, text);
}
