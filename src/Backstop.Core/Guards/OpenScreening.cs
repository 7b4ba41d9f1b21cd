using System.Collections.Immutable;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <summary>Texts that the local checks have looked at, and that those outside may still have to be asked about.</summary>
public sealed class OpenScreening
{
    private readonly IReadOnlyList<ScanUnit> _units;
    private readonly Screening?[] _screenings;
    private readonly CleanTexts? _clean;
    private readonly CleanTexts.Mark[]? _marks;

    internal OpenScreening(Ring ring, RingContext context, IReadOnlyList<ScanUnit> units)
    {
        (_units, _screenings) = (units, new Screening?[units.Count]);

        // Only what came before the newest message may have been seen; and where notes are taken at once they are taken of all.
        _clean = units.Count > 1 && (context.Later is not null || !ring.TakesNotes) ? ring.Clean : null;
        _marks = _clean is null ? null : new CleanTexts.Mark[units.Count - 1];
        var (stops, asks) = (false, false);
        for (var i = 0; i < _screenings.Length; i++)
        {
            if (ring.Of(units[i].Stage).All.IsEmpty && context.Tokens.IsEmpty)
            {
                continue; // Nobody looks.
            }

            if (_marks is not null && i < _marks.Length && ring.Of(units[i].Stage).IsOfTextAlone && _clean!.Knows(_marks[i] = _clean.MarkOf(units[i])))
            {
                continue;
            }

            var screening = _screenings[i] = new Screening(ring, context, units[i], i);
            screening.Note(units[i].Text);
            screening.Advance(units[i].Text, 0, final: true);
            (stops, asks) = (stops || screening.Verdict.Stops(), asks || screening.Asks);
        }

        // One stopped text stops all: nobody needs to be asked any more.
        Questions = stops || !asks ? [] : [.. _screenings.SelectMany((screening, i) => screening?.QuestionsAbout(units[i].Text) ?? [])];
    }

    /// <summary>What is to be asked; nothing when nobody is, or when the local checks have stopped the texts already.</summary>
    public IReadOnlyList<RemoteQuestion> Questions { get; }

    /// <summary>The ring's answer. A question that is waited for and has no answer here has failed.</summary>
    public Ruling Finish(IReadOnlyList<RemoteAnswer> answers)
    {
        if (_screenings.Length == 1)
        {
            return RulingOf(0, answers);
        }

        var worst = Ruling.Clean;
        var parts = new Ruling[_screenings.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = RulingOf(i, answers);
            worst = parts[i].Disposition > worst.Disposition ? parts[i] : worst;
        }

        if (Array.TrueForAll(parts, part => ReferenceEquals(part, Ruling.Clean)))
        {
            return Ruling.Clean;
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
        if (_screenings[index] is not { } screening)
        {
            return Ruling.Clean;
        }

        var text = _units[index].Text;
        if (Questions.Count > 0)
        {
            screening.Take(answers, text);
        }

        string? fixedText = null;
        if (!screening.Verdict.Stops() && screening.EditsWithin(0, text.Length) is { IsEmpty: false } edits)
        {
            fixedText = EditMerger.Apply(text, 0, edits);
            screening.VerifyFixed(fixedText);
        }

        var ruling = screening.Rule(fixedText);
        if (_marks is not null && index < _marks.Length && _marks[index].High != 0 && ReferenceEquals(ruling, Ruling.Clean))
        {
            _clean!.Keep(_marks[index]);
        }

        return ruling;
    }
}
