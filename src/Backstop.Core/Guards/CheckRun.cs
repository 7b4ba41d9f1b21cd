using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <summary>One check at work on one text.</summary>
internal sealed class CheckRun(CompiledCheck compiled, in CheckContext context)
{
    // A match that is still open is looked at again when it has grown by a quarter, or by so many characters: reading it from its start
    // with every piece would cost its length each time.
    private const int MostUnread = 16;

    private readonly ICheckSession _session = compiled.Check.Open(context);

    // Most checks of most texts find nothing, and have none.
    private FindingSink? _sink;
    private int _dropped;
    private TimeSpan _spent;
    private int _read;

    public CompiledCheck Check => compiled;

    public CheckUse Use => compiled.Use;

    /// <summary>What it asks somebody outside; null for a check that asks nobody.</summary>
    public RemoteUse? Asking => compiled.Asking;

    /// <summary>Whether its answer is waited for. One that only takes notes is asked beside the text's way and not here.</summary>
    public bool IsAwaited => Duty != CheckDuty.Shadow && Use.Action != Disposition.Observe;

    public CheckDuty Duty { get; set; } = compiled.Duty;

    public CheckError? Error { get; private set; }

    /// <summary>Position in the original before which this check has nothing more to say.</summary>
    public int Decided { get; private set; }

    public IReadOnlyList<Finding> Findings => _sink is null ? [] : _sink.Findings;

    /// <summary>What is said instead of a text that this check stops; null for the policy's own words.</summary>
    public string? Says => _sink?.Said;

    /// <summary>Who answers instead of a release whose request this check stops; null for nobody.</summary>
    public string? SendsTo => _sink?.SentTo;

    /// <summary>Whether text may leave only when this check has decided about it. Notes may come late, decisions may not.</summary>
    public bool Delays => Duty == CheckDuty.Enforce && Use.Action != Disposition.Observe && Error is null;

    /// <summary>What this check asks for so far.</summary>
    public Disposition Verdict
    {
        get
        {
            var found = _sink is not { HasFound: true } ? Disposition.Allow : CannotFix ? Use.Unfixable : Use.Action;
            return Error is null ? found : Dispositions.Strictest(found, Error.Outcome);
        }
    }

    // Delivering what was found and could not be fixed would be a silent pass.
    private bool CannotFix => Use.Action == Disposition.Fix && _sink is not { HasProposed: true };

    /// <summary>Whether it has edits to a text.</summary>
    public bool HasEdits => _sink is { HasEdits: true } && Duty == CheckDuty.Enforce && (compiled.Descriptor.Transforms || Use.Action is Disposition.Fix or Disposition.Drop);

    public ReadOnlySpan<Edit> Edits => HasEdits ? _sink!.Edits : [];

    public void ForgetEditsBefore(int position) => _sink?.ForgetEditsBefore(position);

    /// <param name="empty">Where the first findings go; nothing was put into it yet.</param>
    /// <returns>Whether something was, so that it is kept.</returns>
    public bool Scan(ReadOnlySpan<char> text, int origin, bool final, FindingSink empty)
    {
        if (Error is not null || (!final && MayWait(origin + text.Length)))
        {
            return false;
        }

        var sink = _sink ?? empty;
        try
        {
            _read = origin + text.Length;
            Decided = origin + _session.Scan(new ScanWindow(text, origin, Decided - origin, final), sink);
            DropFindings(sink);
            if (sink.Failed is { } failed)
            {
                Fail(failed.Failure, failed.Reason);
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Only the kind of the exception is kept: its message could quote the text.
            Fail(CheckFailure.Error, e.GetType().Name);
        }

        if (_sink is not null || sink.IsEmpty)
        {
            return false;
        }

        _sink = sink;
        return true;
    }

    /// <summary>Counts the time it took. What it found in more than it may take stays found; what it did not find is not known.</summary>
    public void Took(TimeSpan time)
    {
        _spent += time;
        if (Use.TimeoutMilliseconds is { } most && _spent > TimeSpan.FromMilliseconds(most))
        {
            Expire($"it took longer than {most} ms");
        }
    }

    /// <summary>Ends its work for want of time.</summary>
    public void Expire(string reason)
    {
        if (Error is null)
        {
            Fail(CheckFailure.Timeout, reason);
        }
    }

    private bool MayWait(int end) => compiled.Descriptor.Scope == CheckScope.Span
        && end - _read < Math.Min((_read - Decided) / 4, MostUnread)
        && end - Decided <= compiled.Descriptor.MaxHold - MostUnread;

    private void Fail(CheckFailure failure, string reason) =>
        Error = new CheckError(Use.Id, failure, reason, OutcomeOf(Use.OutcomeOf(failure)));

    private void DropFindings(FindingSink sink)
    {
        for (var found = sink.Findings; Use.Action == Disposition.Drop && _dropped < found.Count; _dropped++)
        {
            sink.Propose(found[_dropped].Start, found[_dropped].Length, "", int.MaxValue);
        }
    }

    private static Disposition OutcomeOf(FailOutcome outcome) => outcome.Mode switch
    {
        FailMode.Block => Disposition.Block,
        FailMode.Fallback => Disposition.Fallback,
        _ => Disposition.Allow,
    };
}
