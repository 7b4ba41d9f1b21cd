using System.Collections.Concurrent;
using Backstop.Core.Guards;

namespace Backstop.Gateway.Guards;

/// <summary>Texts whose answers have left and that are still to be looked at by checks that only take notes.</summary>
/// <remarks>
/// They are looked at one after the other on a thread of the pool, so that notes never take more than one core from answers. What does
/// not fit is dropped and counted: notes may be missed, answers may not wait.
/// </remarks>
internal sealed class NoteQueue(GuardTelemetry telemetry) : IThreadPoolWorkItem
{
    /// <summary>Requests that wait at the most.</summary>
    public const int Most = 256;

    /// <summary>Characters that wait at the most.</summary>
    public const long MostCharacters = 4 << 20;

    private readonly ConcurrentQueue<(RingSession Session, int Length)> _waiting = new();
    private int _requests;
    private long _characters;
    private int _working;

    /// <summary>Takes what a request left to be noted, if there is room. Never waits.</summary>
    public void Offer(RingSession session)
    {
        var length = session.LengthLater;
        if (length == 0)
        {
            return;
        }

        var (requests, characters) = (Interlocked.Increment(ref _requests), Interlocked.Add(ref _characters, length));
        if (requests > Most || characters > MostCharacters)
        {
            Leave(length);
            telemetry.NotesDropped();
            return;
        }

        _waiting.Enqueue((session, length));
        if (Interlocked.Exchange(ref _working, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        do
        {
            while (_waiting.TryDequeue(out var next))
            {
                foreach (var ruling in next.Session.TakeNotes())
                {
                    telemetry.Ruled(ruling);
                }

                Leave(next.Length);
            }

            Volatile.Write(ref _working, 0);
        }
        while (!_waiting.IsEmpty && Interlocked.Exchange(ref _working, 1) == 0);
    }

    private void Leave(int length)
    {
        Interlocked.Decrement(ref _requests);
        Interlocked.Add(ref _characters, -length);
    }
}
