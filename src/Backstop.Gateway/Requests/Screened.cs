using Backstop.Core.Evidence;
using Backstop.Core.Guards;

namespace Backstop.Gateway.Requests;

/// <summary>What one release answered to one request, and what the ring made of it.</summary>
public abstract record Screened
{
    private Screened()
    {
    }

    /// <summary>How it counts for the release: before the ring, whatever the user got.</summary>
    public abstract Outcome Outcome { get; }

    /// <summary>May go to the user, edited or not.</summary>
    /// <param name="Body">The whole answer, or null when it was streamed already.</param>
    /// <param name="Text">What it says, for a sample.</param>
    public sealed record Deliverable(int Status, BodyBytes? Body, string Text, Outcome Recorded) : Screened
    {
        public override Outcome Outcome => Recorded;
    }

    /// <summary>Must not go to the user.</summary>
    /// <param name="SafeBody">What goes instead; null for an error that says so.</param>
    public sealed record Blocked(byte[]? SafeBody, string Text, Ruling Ruling) : Screened
    {
        public override Outcome Outcome => Of(Ruling);

        public string SafeText => SafeTextOf(Ruling);
    }

    /// <summary>The model server says that the request is wrong. That is between it and the caller, and no mark against the release.</summary>
    /// <remarks>Counted like a request the input checks refused: carried in the counts, never bet on.</remarks>
    /// <param name="RetryAfter">The <c>retry-after</c> header, if there was one.</param>
    public sealed record Refused(int Status, BodyBytes Body, string? RetryAfter) : Screened
    {
        public override Outcome Outcome => Outcome.InputBlocked;
    }

    /// <summary>The release failed to answer.</summary>
    /// <param name="Unreachable">No replica was there at all.</param>
    /// <param name="BrokeOff">The replica went away in the middle of its answer; another one may not.</param>
    /// <param name="Replaced">A swap took the release out while it was answering; that is no mark against it.</param>
    public sealed record Failed(ApiError Error, bool Unreachable = false, bool BrokeOff = false, bool Replaced = false) : Screened
    {
        public override Outcome Outcome => Replaced ? Outcome.Unlabelled : Outcome.Error;
    }

    /// <summary>What the caller is told instead of a text that was stopped.</summary>
    public static string SafeTextOf(Ruling ruling) => ruling.SafeText ?? GuardPolicy.DefaultBlockedResponse;

    /// <summary>How a ruling counts. A repaired or redacted answer is a failure of the release all the same.</summary>
    public static Outcome Of(Ruling ruling) => ruling.Disposition < Disposition.Fix ? Outcome.Unlabelled : ruling.Record switch
    {
        HarmClass.Schema => Outcome.SchemaBlocked,
        HarmClass.Pii => Outcome.PiiBlocked,
        HarmClass.Other => Outcome.SchemaBlocked, // Too long, in another language, about something else: not what was asked for.
        _ => Outcome.ToxicBlocked,
    };
}
