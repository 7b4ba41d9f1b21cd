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

    /// <summary>Screens a text of an answer while it arrives.</summary>
    public OutputStream OpenStream(GuardStage stage = GuardStage.Output, int choiceIndex = 0) =>
        new(new Screening(_ring, _context, ScanUnit.Output("", choiceIndex) with { Stage = stage }, 0));
}
