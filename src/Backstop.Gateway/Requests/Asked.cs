using Backstop.Core.Guards;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Observability;
using Backstop.Gateway.RingService;
using Backstop.Gateway.Routing;
using Microsoft.AspNetCore.Http;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Requests;

/// <summary>What stays the same whichever release is asked.</summary>
internal sealed record Asked(ModelRequest Request, ServedAlias Alias, string Id, HttpRequest Caller, AnswerSink Sink, RequestTime Time)
{
    private (ReleasePool Pool, RingContext Context)? _ring;

    public Route Route => Alias.Route;

    /// <summary>Whether the answer's words are wanted when it is over: to compare them, or to have them judged.</summary>
    public bool IsReadAfterwards { get; init; }

    /// <summary>The number of the replica that the assigned release's answer came from.</summary>
    public int Replica { get; set; }

    /// <summary>How long the request had taken when the assigned release's answer was there; null until it is. Who stands in for it comes later.</summary>
    public TimeSpan? Took { get; set; }

    /// <summary>What is told of it; null for a copy.</summary>
    public Trip? Trip { get; init; }

    /// <summary>What a release's ring says to the request.</summary>
    public ValueTask<Ruling> ScreenedBy(ReleasePool pool, OutsideGuards guards)
    {
        var ring = pool.RingFor(Route);
        if (!ring.Looks)
        {
            return new(Ruling.Clean);
        }

        var isNew = _ring?.Pool != pool;
        var session = ring.Ring.Open(ContextOf(pool));
        if (isNew && NotesWait(pool))
        {
            guards.NoteLater(session, Caller.HttpContext.Response);
        }

        return guards.Screen(session, Request.Texts, Time.Left);
    }

    /// <summary>The ring for a release's answer; null when nobody looks at it, neither to stop it nor to keep or compare it.</summary>
    public RingSession? OpenRing(ReleasePool pool) =>
        pool.RingFor(Route) is var ring && (ring.Looks || Route.CaptureSamples || IsReadAfterwards) ? ring.Ring.Open(ContextOf(pool)) : null;

    /// <summary>The same for a copy that goes to a release whose answer no user sees.</summary>
    public Asked Copied(HttpRequest caller, AnswerSink sink, RequestTime time) => this with { Caller = caller, Sink = sink, Time = time, Trip = null, _ring = null };

    // Nobody waits for a copy.
    private bool NotesWait(ReleasePool pool) => pool.RingFor(Route).Ring.TakesNotes && Trip is not null;

    // One for the question and the answer: what was taken out of the one is put back into the other. Another release has
    // another prompt, and gets texts of its own.
    private RingContext ContextOf(ReleasePool pool)
    {
        if (_ring is not { } ring || ring.Pool != pool)
        {
            var looking = pool.RingFor(Route);
            if (looking.Ring.IsTimed)
            {
                Time.Lend(); // Notes are taken when the answer has left.
            }

            _ring = ring = (pool, new(Route.Alias)
            {
                Messages = Request.Texts,
                Prompt = pool.Parts.Prompt.FixedText,
                Nonce = looking.Marks ? Nonces.New() : null,
                Clock = looking.Ring.IsTimed ? () => Time.Elapsed : null,
                Later = NotesWait(pool) ? [] : null,
            });
        }

        return ring.Context;
    }
}
