namespace Backstop.Core.Guards;

/// <summary>The ring around one request.</summary>
public sealed class RingSession
{
    private readonly Ring _ring;
    private readonly RingContext _context;

    internal RingSession(Ring ring, RingContext context) => (_ring, _context) = (ring, context);

    /// <summary>Begins to screen texts, each with the checks of its own stage; one stopped text stops all.</summary>
    public OpenScreening Begin(IReadOnlyList<ScanUnit> units) => new(_ring, _context, units);

    /// <summary>Screens the texts of a request where nobody outside can be asked.</summary>
    public Ruling ScreenInput(IReadOnlyList<ScanUnit> units) => Begin(units).Finish([]);

    /// <summary>Screens a finished text of an answer where nobody outside can be asked.</summary>
    public Ruling ScreenOutput(ScanUnit unit) => Begin([unit]).Finish([]);

    /// <summary>How many characters wait for those who only take notes.</summary>
    public int LengthLater => _context.Later?.Sum(unit => unit.Text.Length) ?? 0;

    /// <summary>What those say who only take notes, to each text that was kept for them. For when the answer has left.</summary>
    public IReadOnlyList<Ruling> TakeNotes() => [.. (_context.Later ?? []).Select(NotesOn)];

    /// <summary>Screens a text of an answer while it arrives.</summary>
    public OutputStream OpenStream(GuardStage stage = GuardStage.Output, int choiceIndex = 0) =>
        new(new Screening(_ring, _context, ScanUnit.Output("", choiceIndex) with { Stage = stage }, 0));

    private Ruling NotesOn(ScanUnit unit, int index)
    {
        var screening = new Screening(_ring, _context, unit, index, Work.Note);
        screening.Advance(unit.Text, 0, final: true);
        return screening.Rule(fixedText: null);
    }
}
