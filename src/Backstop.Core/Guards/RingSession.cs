using System.Collections.Immutable;

namespace Backstop.Core.Guards;

/// <summary>The ring around one request.</summary>
public sealed class RingSession
{
    private readonly Ring _ring;
    private readonly RingContext _context;

    internal RingSession(Ring ring, RingContext context) => (_ring, _context) = (ring, context);

    /// <summary>Screens the texts of a request. Each is looked at by the checks of its own stage; one stopped text stops all.</summary>
    public Ruling ScreenInput(IReadOnlyList<ScanUnit> units)
    {
        var worst = Ruling.Clean;
        var parts = new Ruling[units.Count];
        for (var i = 0; i < units.Count; i++)
        {
            parts[i] = ScreenWhole(units[i], i);
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

    /// <summary>Screens a finished text of an answer.</summary>
    public Ruling ScreenOutput(ScanUnit unit) => ScreenWhole(unit, 0);

    /// <summary>Screens a text of an answer while it arrives.</summary>
    public OutputStream OpenStream(GuardStage stage = GuardStage.Output, int choiceIndex = 0) =>
        new(new Screening(_ring, _context, ScanUnit.Output("", choiceIndex) with { Stage = stage }, 0));

    private Ruling ScreenWhole(ScanUnit unit, int index)
    {
        var screening = new Screening(_ring, _context, unit, index);
        screening.Advance(unit.Text, 0, final: true);
        string? fixedText = null;
        if (!screening.Verdict.Stops())
        {
            if (screening.EditsWithin(0, unit.Text.Length) is { } edits)
            {
                fixedText = EditMerger.Apply(unit.Text, 0, edits);
                screening.VerifyFixed(fixedText);
            }
        }

        return screening.Rule(fixedText);
    }
}
