using System.Collections.Immutable;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <summary>Texts that the local checks have looked at, and that those outside may still have to be asked about.</summary>
public sealed class OpenScreening
{
    private readonly IReadOnlyList<ScanUnit> _units;
    private readonly Screening[] _screenings;

    internal OpenScreening(Ring ring, RingContext context, IReadOnlyList<ScanUnit> units)
    {
        (_units, _screenings) = (units, new Screening[units.Count]);
        var (stops, asks) = (false, false);
        for (var i = 0; i < _screenings.Length; i++)
        {
            var screening = _screenings[i] = new Screening(ring, context, units[i], i);
            screening.Advance(units[i].Text, 0, final: true);
            (stops, asks) = (stops || screening.Verdict.Stops(), asks || screening.Asks);
        }

        // One stopped text stops all: nobody needs to be asked any more.
        Questions = stops || !asks ? [] : [.. _screenings.Select((screening, i) => screening.QuestionsAbout(units[i].Text)).SelectMany(questions => questions)];
    }

    /// <summary>What is to be asked; nothing when nobody is, or when the local checks have stopped the texts already.</summary>
    public IReadOnlyList<RemoteQuestion> Questions { get; }

    /// <summary>The ring's answer. A question that is waited for and has no answer here has failed.</summary>
    public Ruling Finish(IReadOnlyList<RemoteAnswer> answers)
    {
        var worst = Ruling.Clean;
        var parts = new Ruling[_screenings.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = RulingOf(i, answers);
            worst = parts[i].Disposition > worst.Disposition ? parts[i] : worst;
        }

        if (parts.Length == 1 || Array.TrueForAll(parts, part => ReferenceEquals(part, Ruling.Clean)))
        {
            return parts.Length == 1 ? parts[0] : Ruling.Clean;
        }

        return worst with
        {
            Findings = [.. parts.SelectMany(part => part.Findings)],
            Errors = [.. parts.SelectMany(part => part.Errors)],
            ShadowFindings = [.. parts.SelectMany(part => part.ShadowFindings)],
            ShadowDisposition = parts.Max(part => part.ShadowDisposition),
            FixedTexts = worst.Stops || Array.TrueForAll(parts, part => part.FixedText is null)
                ? []
                : [.. parts.Select(part => part.FixedText)],
        };
    }

    private Ruling RulingOf(int index, IReadOnlyList<RemoteAnswer> answers)
    {
        var (screening, text) = (_screenings[index], _units[index].Text);
        if (Questions.Count > 0)
        {
            screening.Take(answers, text);
        }

        string? fixedText = null;
        if (!screening.Verdict.Stops() && screening.EditsWithin(0, text.Length) is { } edits)
        {
            fixedText = EditMerger.Apply(text, 0, edits);
            screening.VerifyFixed(fixedText);
        }

        return screening.Rule(fixedText);
    }
}
