using System.Runtime.InteropServices;

namespace Backstop.Core.Guards;

/// <summary>A change to the original text, proposed by a check and applied by the <see cref="EditMerger"/> alone.</summary>
/// <param name="Strictness">When edits overlap the strictest, then the longest, covers all of them.</param>
public readonly record struct Edit(int Start, int Length, string Replacement, int Strictness)
{
    public int End => Start + Length;
}

/// <summary>Takes what one check reports about one text.</summary>
public sealed class FindingSink(string check, int unit)
{
    // Asked for with every piece of a stream: "?? []" would make a list each time. Never added to.
    private static readonly List<Finding> NoFindings = [];

    private string _check = check;
    private int _unit = unit;
    private List<Finding>? _findings;
    private List<Edit>? _edits;

    public IReadOnlyList<Finding> Findings => _findings ?? NoFindings;

    /// <summary>What was proposed and is not done with; good until more is.</summary>
    public ReadOnlySpan<Edit> Edits => CollectionsMarshal.AsSpan(_edits);

    /// <summary>Whether anything was found.</summary>
    public bool HasFound => _findings is not null;

    /// <summary>Whether anything was proposed that is not done with.</summary>
    public bool HasEdits => _edits is { Count: > 0 };

    public bool HasProposed { get; private set; }

    /// <summary>Why there is no answer; null when there is one.</summary>
    public (CheckFailure Failure, string Reason)? Failed { get; private set; }

    /// <summary>What is said instead of a text that is stopped for this; null for the policy's own words.</summary>
    public string? Said { get; private set; }

    /// <summary>Gives the words for a text that is stopped; the first that were given stay.</summary>
    public void Say(string? words) => Said ??= words;

    /// <summary>The alias whose release answers instead of one whose request is stopped for this; null for none.</summary>
    public string? SentTo { get; private set; }

    /// <summary>Names who answers instead; the first that was named stays.</summary>
    public void Send(string? alias) => SentTo ??= alias;

    /// <summary>Says that the check could not do its work. The policy says what that means for the text.</summary>
    /// <param name="reason">Without a word of the text.</param>
    public void Fail(CheckFailure failure, string reason) => Failed = (failure, reason);

    /// <param name="start">In the original text: <see cref="ScanWindow.Origin"/> plus the position in the window.</param>
    public void Report(string rule, string category, HarmClass harm, double score, Severity severity, int start, int length) =>
        (_findings ??= []).Add(new Finding(_check, rule, category, harm, score, severity, start, length) { Unit = _unit });

    public void Propose(int start, int length, string replacement, int strictness = 0)
    {
        HasProposed = true;
        (_edits ??= []).Add(new Edit(start, length, replacement, strictness));
    }

    /// <summary>Whether nothing was ever put into it.</summary>
    internal bool IsEmpty => _findings is null && !HasProposed && Failed is null && Said is null && SentTo is null;

    /// <summary>The same sink, for what another check reports, or about another text.</summary>
    internal FindingSink For(string check, int unit)
    {
        (_check, _unit) = (check, unit);
        return this;
    }

    /// <summary>Forgets the edits of text that has left, so that a stream of a million edits looks at each only once.</summary>
    internal void ForgetEditsBefore(int position)
    {
        // Apart, since what the condition remembers is allocated even where there is nothing to forget.
        if (_edits is { Count: > 0 } edits)
        {
            Forget(edits, position);
        }
    }

    private static void Forget(List<Edit> edits, int position) => edits.RemoveAll(edit => edit.End <= position);
}
