using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Backstop.Core.Evidence.Scores;

namespace Backstop.Gateway.Signals;

/// <summary>Numbers that stand in an answer itself. Of a stream's events the last that has one counts.</summary>
public sealed class AnswerNumbers
{
    private readonly ImmutableArray<ScoreSignal> _signals;
    private readonly double?[] _values;

    private AnswerNumbers(ImmutableArray<ScoreSignal> signals) => (_signals, _values) = (signals, new double?[signals.Length]);

    /// <summary>For the signals that are read from answers; null when there are none.</summary>
    public static AnswerNumbers? For(ImmutableArray<ScoreSignal> signals) =>
        signals.Any(s => s.From is not null) ? new([.. signals.Where(s => s.From is not null)]) : null;

    /// <summary>What was found, by name.</summary>
    public IEnumerable<(string Name, double Value)> Found =>
        _signals.Zip(_values).Where(pair => pair.Second is not null).Select(pair => (pair.First.Rule.Name, pair.Second!.Value));

    /// <summary>Looks at an event as it is sent.</summary>
    public void SeeEvent(ReadOnlySpan<byte> bytes)
    {
        // Most events say a few words: that is seen without reading them as JSON.
        foreach (var line in bytes.Split((byte)'\n'))
        {
            var text = bytes[line];
            if (text.StartsWith("data:"u8) && MayHoldAny(text))
            {
                See(text["data:"u8.Length..].ToArray());
            }
        }
    }

    /// <summary>Looks at a whole answer.</summary>
    public void See(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            for (var i = 0; i < _signals.Length; i++)
            {
                _values[i] = _signals[i].From!.NumberIn(document.RootElement) ?? _values[i];
            }
        }
        catch (JsonException)
        {
            // Such as [DONE]: it holds no number.
        }
    }

    private bool MayHoldAny(ReadOnlySpan<byte> text)
    {
        foreach (var signal in _signals)
        {
            if (signal.From!.LastName is not { } name || text.IndexOf(Encoding.UTF8.GetBytes(name)) >= 0)
            {
                return true;
            }
        }

        return false;
    }
}
