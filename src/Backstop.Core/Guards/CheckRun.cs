using Backstop.Core.Guards.Checks;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <summary>One check at work on one text.</summary>
internal sealed class CheckRun(CompiledCheck compiled, CheckContext context, int unit)
{
    private readonly ICheckSession _session = compiled.Check.Open(context);
    private readonly FindingSink _sink = new(compiled.Use.Id, unit);
    private int _dropped;

    public CheckUse Use => compiled.Use;

    public CheckScope Scope => compiled.Check.Descriptor.Scope;

    /// <summary>What it asks somebody outside; null for a check that asks nobody.</summary>
    public RemoteUse? Asking => (compiled.Check as RemoteCheck)?.Asking;

    /// <summary>Whether its answer is waited for. One that only takes notes is asked beside the text's way and not here.</summary>
    public bool IsAwaited => Duty != CheckDuty.Shadow && Use.Action != Disposition.Observe;

    public CheckDuty Duty { get; set; } = compiled.Duty;

    public CheckError? Error { get; private set; }

    /// <summary>Position in the original before which this check has nothing more to say.</summary>
    public int Decided { get; private set; }

    public IReadOnlyList<Finding> Findings => _sink.Findings;

    /// <summary>What is said instead of a text that this check stops; null for the policy's own words.</summary>
    public string? Says => _sink.Said;

    /// <summary>Whether text may leave only when this check has decided about it. Notes may come late, decisions may not.</summary>
    public bool Delays => Duty == CheckDuty.Enforce && Use.Action != Disposition.Observe && Error is null;

    private bool Transforms => compiled.Check.Descriptor.Transforms;

    /// <summary>What this check asks for so far.</summary>
    public Disposition Verdict
    {
        get
        {
            var found = Findings.Count == 0 ? Disposition.Allow : CannotFix ? Use.Unfixable : Use.Action;
            return Error is null ? found : Dispositions.Strictest(found, Error.Outcome);
        }
    }

    // Delivering what was found and could not be fixed would be a silent pass.
    private bool CannotFix => Use.Action == Disposition.Fix && !_sink.HasProposed;

    public IReadOnlyList<Edit> Edits =>
        Duty == CheckDuty.Enforce && (Transforms || Use.Action is Disposition.Fix or Disposition.Drop) ? _sink.Edits : [];

    public void ForgetEditsBefore(int position) => _sink.ForgetEditsBefore(position);

    public void Scan(ReadOnlySpan<char> text, int origin, bool final)
    {
        if (Error is not null)
        {
            return;
        }

        try
        {
            Decided = origin + _session.Scan(new ScanWindow(text, origin, Decided - origin, final), _sink);
            DropFindings();
            if (_sink.Failed is { } failed)
            {
                Fail(failed.Failure, failed.Reason);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Only the kind of the exception is kept: its message could quote the text.
            Fail(CheckFailure.Error, e.GetType().Name);
        }
    }

    private void Fail(CheckFailure failure, string reason) =>
        Error = new CheckError(Use.Id, failure, reason, OutcomeOf(Use.OutcomeOf(failure)));

    private void DropFindings()
    {
        for (; Use.Action == Disposition.Drop && _dropped < Findings.Count; _dropped++)
        {
            _sink.Propose(Findings[_dropped].Start, Findings[_dropped].Length, "", int.MaxValue);
        }
    }

    private static Disposition OutcomeOf(FailOutcome outcome) => outcome.Mode switch
    {
        FailMode.Block => Disposition.Block,
        FailMode.Fallback => Disposition.Fallback,
        _ => Disposition.Allow,
    };
}
