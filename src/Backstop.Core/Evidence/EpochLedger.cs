using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>A gateway's open assignment epochs: hands out a ticket per request, and closed epochs whole and in order.</summary>
/// <remarks>
/// An epoch that closed late holds up the ones after it. Handing out what happens to be complete would let a release
/// whose bad answers are labelled sooner than its good ones look worse than it is. Not thread-safe: one owner at a time.
/// </remarks>
/// <param name="answerDeadline">How long after its epoch ended a request may stay unanswered before it counts as late.</param>
public sealed class EpochLedger(TimeSpan answerDeadline)
{
    // A stage that rests for as long is forgotten; one that comes back before needs no new place.
    private static readonly TimeSpan Rest = TimeSpan.FromMinutes(1);

    // How many stages ahead what is next is fetched.
    private const int Ahead = 4, FarAhead = 8;

    // So many epochs are made at one time at the least.
    private const int LeastMade = 16;

    // In the order in which they were opened, so that it does not depend on hashes how epochs are handed out.
    private readonly Dictionary<EvidenceKey, Stage> _stages = [];
    private readonly List<Stage> _inOrder = [];
    private readonly Stack<OpenEpoch> _free = new();
    private int _made;

    // Most requests are of the stage of the last one.
    private Stage? _last;

    /// <summary>A request was assigned.</summary>
    /// <param name="labelDeadline">How long after its epoch's answers it may wait for a label.</param>
    public Ticket Assign(EvidenceKey key, Arm arm, DateTimeOffset at, TimeSpan labelDeadline)
    {
        var ticket = new Ticket();
        Assign(ticket, key, arm, at, labelDeadline);
        return ticket;
    }

    /// <summary>A request was assigned that is to have a ticket which another, settled one had before.</summary>
    /// <param name="isFirstHalf">Whether it was drawn for the first half of the baseline.</param>
    /// <param name="awaitsScores">Whether its answer may be scored until the label deadline.</param>
    public void Assign(Ticket ticket, EvidenceKey key, Arm arm, DateTimeOffset at, TimeSpan labelDeadline, bool isFirstHalf = false, bool awaitsScores = false)
    {
        _last = StageOf(key, _last);
        Assign(ticket, _last, arm, at, labelDeadline, isFirstHalf, awaitsScores);
    }

    /// <summary>The place where a stage's requests are counted, for who keeps it: then the next request need not look for it.</summary>
    /// <param name="known">One that was kept, of this stage or of another; it may have been forgotten here.</param>
    public Stage StageOf(EvidenceKey key, Stage? known)
    {
        if (known is { IsForgotten: false } && known.Key == key)
        {
            return known;
        }

        if (!_stages.TryGetValue(key, out var stage))
        {
            _stages.Add(key, stage = new(key));
            _inOrder.Add(stage);
        }

        return stage;
    }

    /// <inheritdoc cref="Assign(Ticket, EvidenceKey, Arm, DateTimeOffset, TimeSpan, bool, bool)"/>
    /// <param name="stage">As <see cref="StageOf"/> just said.</param>
    public void Assign(Ticket ticket, Stage stage, Arm arm, DateTimeOffset at, TimeSpan labelDeadline, bool isFirstHalf = false, bool awaitsScores = false)
    {
        // A clock that stepped back puts the request into the newest epoch: order matters more than a quarter second.
        var number = EpochCounts.BucketOf(at);
        var epoch = stage.Newest is { } newest && newest.Number >= number ? newest : stage.Open(Free(), number, labelDeadline);
        epoch.Assign(arm, isFirstHalf);
        epoch.AwaitsScores |= awaitsScores;
        ticket.Begin(epoch, arm, isFirstHalf);
    }

    /// <summary>The epochs that are complete now, or whose deadlines passed, each once.</summary>
    public ImmutableArray<EpochCounts> Collect(DateTimeOffset now)
    {
        var (closed, seen) = (new ClosedEpochs(), 0);
        Collect(now, closed, ref seen);
        return closed.Take();
    }

    /// <summary>Shows the epochs that are complete now, or whose deadlines passed, each once.</summary>
    /// <param name="closed">Is shown all that are due of a stage before it is asked whether it is full.</param>
    /// <param name="seen">How many stages it has seen; 0 to begin with.</param>
    /// <returns>False when it was full before it had seen all; a call with what it had seen goes on there.</returns>
    public bool Collect(DateTimeOffset now, IEpochSink closed, ref int seen)
    {
        for (; seen < _inOrder.Count; seen++)
        {
            if (closed.IsFull)
            {
                return false;
            }

            // Thousands of stages are seen, none of which is in a cache.
            if (seen + FarAhead < _inOrder.Count)
            {
                CacheLines.Fetch(_inOrder[seen + FarAhead], Stage.Lines);
                _inOrder[seen + Ahead].FetchFirst();
            }

            var stage = _inOrder[seen];
            stage.Close(now, answerDeadline, closed, _free);
            if (stage.Rests(now, Rest))
            {
                _stages.Remove(stage.Key);
                stage.IsForgotten = true;
            }
        }

        if (_stages.Count < _inOrder.Count)
        {
            _inOrder.RemoveAll(stage => stage.IsForgotten);
            _last = null;
        }

        return true;
    }

    // Many at once, so that it is seldom: where thousands of stages, which are old, each get one that is new, a garbage collection looks
    // at every one of them until it has moved the new ones to the old.
    private OpenEpoch Free()
    {
        if (_free.Count == 0)
        {
            var more = Math.Max(LeastMade, _made / 4);
            for (var i = 0; i < more; i++)
            {
                _free.Push(new());
            }

            _made += more;
        }

        var epoch = _free.Pop();
        if (_free.TryPeek(out var next))
        {
            next.Fetch(); // Most were used seconds ago, and are in no cache any more.
        }

        return epoch;
    }

    /// <summary>One request of an open epoch. What comes after its epoch closed is too late and changes nothing.</summary>
    public sealed class Ticket
    {
        private OpenEpoch? _epoch;
        private int _turn;
        private Arm _arm;
        private bool _isFirstHalf;
        private int _stratum;
        private int _replica;
        private Served _served;
        private State _state = State.Settled;

        private enum State
        {
            Assigned,
            Delivered,
            Settled,
        }

        /// <summary>What a label of the answer needs, when the ticket shall be another request's.</summary>
        public Delivery Delivery => _state == State.Delivered ? new(_epoch!, _turn, _arm, _isFirstHalf, _stratum, _replica, _served) : default;

        private OpenEpoch? Open => _epoch?.Turn == _turn ? _epoch : null;

        internal void Begin(OpenEpoch epoch, Arm arm, bool isFirstHalf) =>
            (_epoch, _turn, _arm, _isFirstHalf, _state) = (epoch, epoch.Turn, arm, isFirstHalf, State.Assigned);

        /// <summary>The release answered, and the ring acted.</summary>
        /// <param name="attack">Whether the input checks flagged the request.</param>
        /// <param name="outcome"><see cref="Outcome.Unlabelled"/> when the answer was delivered and waits for a label.</param>
        /// <param name="served">What the user received; <see cref="Served.Unlabelled"/> when it waits for a label.</param>
        /// <param name="replica">Number of the replica that was asked last; 0 when none was or the release has a single one.</param>
        /// <param name="latency">Until the assigned release's answer was there; null when nobody measured.</param>
        public void Answered(bool attack, Outcome outcome, Served served, int replica = 0, TimeSpan? latency = null)
        {
            if (_state != State.Assigned || Open is not { FormClosed: false } epoch)
            {
                return;
            }

            (_stratum, _served, _replica) = (attack ? 1 : 0, served, replica);
            epoch.Answer(_arm, _isFirstHalf, _stratum, replica, outcome, served, latency);
            _state = outcome == Outcome.Unlabelled ? State.Delivered : State.Settled;
        }

        /// <summary>A score came. False when it came too late or there is no answer that it could belong to.</summary>
        /// <param name="step">Of <see cref="ScoreCounts"/>.</param>
        public bool Scored(string name, int step)
        {
            if (_state == State.Assigned || Open is not { ScoresClosed: false, AwaitsScores: true } epoch)
            {
                return false;
            }

            epoch.Score(name, _arm, _replica, step);
            return true;
        }

        /// <summary>A label came. False when it came too late or there was nothing to label.</summary>
        public bool Labelled(bool correct)
        {
            var delivery = Delivery;
            _state = _state == State.Delivered ? State.Settled : _state;
            return delivery.Labelled(correct);
        }
    }

    /// <summary>A delivered answer of an open epoch, as little as a label needs of it: very many wait for one. The default value is none.</summary>
    [StructLayout(LayoutKind.Auto)]
    public readonly struct Delivery
    {
        private readonly OpenEpoch? _epoch;
        private readonly int _turn;
        private readonly int _replica;
        private readonly byte _arm;
        private readonly byte _stratum;
        private readonly byte _served;
        private readonly bool _isFirstHalf;

        internal Delivery(OpenEpoch epoch, int turn, Arm arm, bool isFirstHalf, int stratum, int replica, Served served) =>
            (_epoch, _turn, _arm, _isFirstHalf, _stratum, _replica, _served) = (epoch, turn, (byte)arm, isFirstHalf, (byte)stratum, replica, (byte)served);

        /// <summary>Its label came; only the first may be told. False when it came too late or there was nothing to label.</summary>
        public bool Labelled(bool correct)
        {
            if (_epoch is not { QualityClosed: false } epoch || epoch.Turn != _turn)
            {
                return false;
            }

            epoch.Label((Arm)_arm, _isFirstHalf, _stratum, _replica, (Served)_served, correct);
            return true;
        }
    }

    /// <summary>The open epochs of one generation. Each goes from queue to queue, and none overtakes another.</summary>
    public sealed class Stage
    {
        /// <summary>How many lines of the cache it fills.</summary>
        internal const int Lines = 3;

        private EpochQueue _forming;
        private EpochQueue _labelling;
        private EpochQueue _scoring;
        private long _newestNumber;

        internal Stage(EvidenceKey key) => Key = key;

        /// <summary>Which stage it is.</summary>
        public EvidenceKey Key { get; }

        /// <summary>Whether it rested for so long that its epochs would not be handed out any more.</summary>
        internal bool IsForgotten { get; set; }

        /// <summary>Null when all are shipped.</summary>
        internal OpenEpoch? Newest { get; private set; }

        /// <summary>Hints that it will be asked what is due.</summary>
        internal void FetchFirst()
        {
            _forming.First?.Fetch();
            _labelling.First?.Fetch();
            CacheLines.Fetch(_labelling.Last);
        }

        internal bool Rests(DateTimeOffset now, TimeSpan rest) => Newest is null && now - EpochCounts.StartOf(_newestNumber) >= rest;

        internal OpenEpoch Open(OpenEpoch epoch, long number, TimeSpan labelDeadline)
        {
            epoch.Begin(Key, number, labelDeadline);
            _forming.Enqueue(epoch);
            (Newest, _newestNumber) = (epoch, number);
            return epoch;
        }

        /// <summary>Closes what is due.</summary>
        /// <param name="free">Gets the epochs of which everything was shipped.</param>
        internal void Close(DateTimeOffset now, TimeSpan answerDeadline, IEpochSink closed, Stack<OpenEpoch> free)
        {
            while (_forming.First is { } epoch && epoch.FormIsDue(now, answerDeadline))
            {
                epoch.CloseForm(now, closed);
                _forming.Dequeue();
                _labelling.Enqueue(epoch);
            }

            while (_labelling.First is { } epoch && epoch.QualityIsDue(now))
            {
                epoch.CloseQuality(closed);
                _labelling.Dequeue();
                if (epoch.AwaitsScores)
                {
                    _scoring.Enqueue(epoch);
                }
                else
                {
                    End(epoch, free);
                }
            }

            while (_scoring.First is { } epoch && epoch.ScoresAreDue(now))
            {
                _scoring.Dequeue();
                epoch.CloseScores(closed);
                End(epoch, free);
            }
        }

        private void End(OpenEpoch epoch, Stack<OpenEpoch> free)
        {
            epoch.End();
            free.Push(epoch);
            Newest = Newest == epoch ? null : Newest;
        }
    }

    /// <summary>Epochs one behind the other, each of which names the next: ten thousand aliases have three such queues each, mostly empty.</summary>
    [StructLayout(LayoutKind.Auto)]
    private struct EpochQueue
    {
        public OpenEpoch? First { get; private set; }

        /// <summary>The one that came last, here still or not.</summary>
        public OpenEpoch? Last { get; private set; }

        public void Enqueue(OpenEpoch epoch)
        {
            _ = First is null ? First = epoch : Last!.Next = epoch;
            Last = epoch;
        }

        public void Dequeue()
        {
            var first = First!;
            First = first.Next;
            first.Next = null;
        }
    }
}
