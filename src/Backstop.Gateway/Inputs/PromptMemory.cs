using System.Collections.Concurrent;
using Backstop.Core.Inputs;
using Backstop.Core.Prompts;
using Backstop.Core.Registry;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Inputs;

/// <summary>Recognises the prompt of one release among what callers send, and remembers the last answers: an application sends the same with nearly every request.</summary>
internal sealed class PromptMemory
{
    private const int MostTexts = 1024;
    private const int LongestText = 128 * 1024;

    // Looking for a changed copy hashes every word. Where every request brings a text of its own, one in a while is enough to tell.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<ulong, string?> _known = new();
    private readonly PromptRecogniser _recogniser;
    private readonly string _prompt;
    private readonly TimeProvider _time;
    private long _looked;

    private PromptMemory(PromptRecogniser recogniser, string prompt, TimeProvider time) =>
        (_recogniser, _prompt, _time, _looked) = (recogniser, prompt, time, time.GetTimestamp() - time.TimestampFrequency);

    /// <summary>The memory of a release; null when it has no prompt. A prompt that is no component goes by the release's name.</summary>
    public static PromptMemory? Of(Release release, TimeProvider time) => release.Prompt is { } prompt
        ? new(new(prompt), release.Components.TryGetValue("prompt", out var pin) ? $"{pin.Name}@{pin.Version}" : release.Name, time)
        : null;

    /// <summary>What a system message is counted as when it is the release's prompt or a changed copy of it; else null.</summary>
    /// <param name="hash">Its <see cref="PromptFingerprint"/>.</param>
    /// <param name="quoted">It as it stands in the request.</param>
    public string? NameOf(ulong hash, ReadOnlySpan<byte> quoted)
    {
        if (_known.TryGetValue(hash, out var name))
        {
            return name;
        }

        if (quoted.Length > LongestText)
        {
            return null;
        }

        var text = JsonText.At(quoted, ..);
        if (_recogniser.Own(text) is { } own)
        {
            return Remember(hash, PromptFingerprint.Own(own, _prompt));
        }

        var looked = Volatile.Read(ref _looked);
        var now = _time.GetTimestamp();
        return _time.GetElapsedTime(looked, now) < BetweenLooks || Interlocked.CompareExchange(ref _looked, now, looked) != looked ? null
            : Remember(hash, _recogniser.Share(text) >= PromptRecogniser.LeastShare ? PromptFingerprint.Copy(PromptFingerprint.NameOf(hash), _prompt) : null);
    }

    private string? Remember(ulong hash, string? name)
    {
        // Rarely, and all at once: who forgets one by one keeps lists that every request would have to change.
        if (_known.Count >= MostTexts)
        {
            _known.Clear();
        }

        _known[hash] = name;
        return name;
    }
}
