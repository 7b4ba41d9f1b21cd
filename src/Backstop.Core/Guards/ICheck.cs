using System.Collections.Immutable;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <summary>How much text a check must see before it can say anything.</summary>
public enum CheckScope
{
    /// <summary>Bounded spans: all text that cannot begin a match leaves at once.</summary>
    Span,

    /// <summary>Sentences and windows: text leaves once its window is judged.</summary>
    Window,

    /// <summary>The whole text: nothing leaves before the end.</summary>
    Whole,
}

/// <summary>What a check is, for the policy's solver and for reports.</summary>
/// <param name="Name">The name policies use.</param>
/// <param name="MaxHold">Most characters of a stream it ever withholds. Ignored for <see cref="CheckScope.Whole"/>.</param>
/// <param name="CanFix">Whether its findings come with edits.</param>
/// <param name="Tags">Entries of the OWASP list for language models (2025) it covers.</param>
public sealed record CheckDescriptor(
    string Name, int Version, CheckScope Scope, int MaxHold, bool CanFix, ImmutableArray<GuardStage> Stages, ImmutableArray<string> Tags)
{
    /// <summary>Whether it changes texts without finding fault with them.</summary>
    public bool Transforms { get; init; }

    /// <summary>Whether what it says depends on a text, its stage and its trust, and on nothing else of the request.</summary>
    public bool IsOfTextAlone { get; init; }

    /// <summary>Whether it passes on what somebody outside says, and so can time out, be saturated or be refused.</summary>
    public bool Asks { get; init; }
}

/// <summary>A compiled check: immutable, shared by all requests.</summary>
public interface ICheck
{
    CheckDescriptor Descriptor { get; }

    /// <summary>Starts looking at one text.</summary>
    ICheckSession Open(CheckContext context);
}

/// <summary>What a check may know about the text beside its characters.</summary>
public readonly record struct CheckContext(RingContext Request, GuardStage Stage, Trust Trust)
{
    /// <summary>What those outside said who were asked about the text; null where nobody is to be asked.</summary>
    public IReadOnlyList<RemoteAnswer>? Answers { get; init; }

    /// <summary>Index of the text among those screened together.</summary>
    public int Unit { get; init; }

    /// <summary>What was answered to a check about this text; null when nothing was.</summary>
    internal RemoteAnswer? AnswerTo(string check)
    {
        foreach (var answer in Answers ?? [])
        {
            if (answer.Unit == Unit && answer.Check == check)
            {
                return answer;
            }
        }

        return null;
    }
}

/// <summary>A check that passes on what somebody outside says.</summary>
internal interface IAsking
{
    /// <summary>What is asked of whom; null when this one asks nobody.</summary>
    RemoteUse? Asking { get; }

    /// <summary>Whether it wants to know anything about such a text.</summary>
    bool AsksAbout(CheckContext context);
}

/// <summary>One check looking at one text, which may arrive in pieces.</summary>
public interface ICheckSession
{
    /// <summary>
    /// Reports every finding that nothing still to come can change, and returns how far that holds.
    /// </summary>
    /// <remarks>
    /// What is decided may depend on the text alone, never on how it was cut: a candidate that needs more text than there
    /// is must be left for the next call. That is the whole of why a stream gives the same answer as the finished text.
    /// </remarks>
    /// <returns>
    /// The position in <see cref="ScanWindow.Text"/> before which no finding can begin any more; the length of the text when
    /// it is final.
    /// </returns>
    int Scan(in ScanWindow window, FindingSink sink);
}

/// <summary>The text a check sees in one call.</summary>
public readonly ref struct ScanWindow(ReadOnlySpan<char> text, int origin, int from, bool final)
{
    /// <summary>How many characters before <see cref="From"/> are kept for checks that look back.</summary>
    public const int Lookback = 64;

    public ReadOnlySpan<char> Text { get; } = text;

    /// <summary>Where in the original the first character of <see cref="Text"/> stands.</summary>
    public int Origin { get; } = origin;

    /// <summary>What this check returned last time: all before it is decided.</summary>
    public int From { get; } = from;

    /// <summary>Whether nothing more will come.</summary>
    public bool Final { get; } = final;
}
