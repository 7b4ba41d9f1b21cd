using System.Collections.Immutable;
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
    // Latencies are of one kind, scores of many.
    private const string Took = "";

    private readonly SortedDictionary<EvidenceKey, Stage> _stages = [];

    // Most requests are of the stage of the last one; and the dictionary boxes its key until the compiler has seen enough of it.
    private (EvidenceKey Key, Stage? Stage) _last;

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
        if (_last is not (var lastKey, { } stage) || lastKey != key)
        {
            if (!_stages.TryGetValue(key, out stage))
            {
                _stages.Add(key, stage = new());
            }

            _last = (key, stage);
        }

        // A clock that stepped back puts the request into the newest epoch: order matters more than a quarter second.
        var number = EpochCounts.BucketOf(at);
        var bucket = stage.Newest is { } newest && newest.Number >= number ? newest : stage.Open(new(key, number, labelDeadline));
        bucket.Assign(arm, isFirstHalf);
        bucket.AwaitsScores |= awaitsScores;
        ticket.Begin(bucket, arm, isFirstHalf);
    }

    /// <summary>The epochs that are complete now, or whose deadlines passed, each once.</summary>
    public ImmutableArray<EpochCounts> Collect(DateTimeOffset now)
    {
        var closed = ImmutableArray.CreateBuilder<EpochCounts>();
        foreach (var (key, stage) in _stages.ToArray())
        {
            var buckets = stage.Buckets;
            CloseForm(buckets, now, closed);
            while (buckets.TryPeek(out var oldest) && oldest.QualityIsDue(now))
            {
                buckets.Dequeue();
                closed.Add(oldest.CloseQuality());
                if (oldest.AwaitsScores)
                {
                    stage.Scoring.Enqueue(oldest);
                }
            }

            while (stage.Scoring.TryPeek(out var scored) && scored.ScoresAreDue(now))
            {
                if (stage.Scoring.Dequeue().CloseScores() is { Scores.IsEmpty: false } scores)
                {
                    closed.Add(scores);
                }
            }

            if (buckets.Count == 0 && stage.Scoring.Count == 0)
            {
                _stages.Remove(key);
                _last = default;
            }
        }

        return closed.ToImmutable();
    }

    private void CloseForm(Queue<Bucket> buckets, DateTimeOffset now, ImmutableArray<EpochCounts>.Builder closed)
    {
        foreach (var bucket in buckets)
        {
            if (bucket.FormClosed)
            {
                continue;
            }

            if (!bucket.FormIsDue(now, answerDeadline))
            {
                return;
            }

            closed.Add(bucket.CloseForm(now));
        }
    }

    /// <summary>One request of an open epoch. What comes after its epoch closed is too late and changes nothing.</summary>
    public sealed class Ticket
    {
        private Bucket _bucket = null!;
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

        internal void Begin(Bucket bucket, Arm arm, bool isFirstHalf) =>
            (_bucket, _arm, _isFirstHalf, _state) = (bucket, arm, isFirstHalf, State.Assigned);

        /// <summary>The release answered, and the ring acted.</summary>
        /// <param name="attack">Whether the input checks flagged the request.</param>
        /// <param name="outcome"><see cref="Outcome.Unlabelled"/> when the answer was delivered and waits for a label.</param>
        /// <param name="served">What the user received; <see cref="Served.Unlabelled"/> when it waits for a label.</param>
        /// <param name="replica">Number of the replica that was asked last; 0 when none was or the release has a single one.</param>
        /// <param name="latency">Until the assigned release's answer was there; null when nobody measured.</param>
        public void Answered(bool attack, Outcome outcome, Served served, int replica = 0, TimeSpan? latency = null)
        {
            if (_state != State.Assigned || _bucket.FormClosed)
            {
                return;
            }

            (_stratum, _served, _replica) = (attack ? 1 : 0, served, replica);
            _bucket.Answer(_arm, _isFirstHalf);
            _bucket.Form.Count(_arm, _stratum, _replica, outcome, served);
            if (_isFirstHalf)
            {
                _bucket.CountFirstHalf(outcome, 1);
            }

            if (latency is { } took)
            {
                // A release that failed fast was not fast.
                _bucket.Latencies.Count(Took, _arm, replica, outcome == Outcome.Error ? LatencyCounts.Never : LatencyCounts.BinOf(took));
            }

            if (outcome == Outcome.Unlabelled)
            {
                _state = State.Delivered;
                _bucket.Unlabelled++;
                _bucket.Quality.Count(_arm, _stratum, _replica, outcome, served);
            }
            else
            {
                _state = State.Settled;
                _bucket.Quality.Count(_arm, _stratum, _replica, outcome, served);
            }
        }

        /// <summary>A score came. False when it came too late or there is no answer that it could belong to.</summary>
        /// <param name="step">Of <see cref="ScoreCounts"/>.</param>
        public bool Scored(string name, int step)
        {
            if (_state == State.Assigned || _bucket is null or { ScoresClosed: true } or { AwaitsScores: false })
            {
                return false;
            }

            _bucket.Scores.Count(name, _arm, _replica, step);
            return true;
        }

        /// <summary>A label came. False when it came too late or there was nothing to label.</summary>
        public bool Labelled(bool correct)
        {
            if (_state != State.Delivered || _bucket.QualityClosed)
            {
                return false;
            }

            _state = State.Settled;
            _bucket.Unlabelled--;
            _bucket.Quality.Count(_arm, _stratum, _replica, Outcome.Unlabelled, _served, -1);
            if (_isFirstHalf)
            {
                _bucket.CountFirstHalf(Outcome.Unlabelled, -1);
                _bucket.CountFirstHalf(correct ? Outcome.Correct : Outcome.Wrong, 1);
            }

            var label = correct ? Served.Correct : Served.Wrong;
            _bucket.Quality.Count(
                _arm, _stratum, _replica, correct ? Outcome.Correct : Outcome.Wrong, _served == Served.Unlabelled ? label : _served);
            return true;
        }
    }

    /// <summary>The open epochs of one generation, oldest first.</summary>
    private sealed class Stage
    {
        public Queue<Bucket> Buckets { get; } = new();

        /// <summary>Those that are complete but for scores.</summary>
        public Queue<Bucket> Scoring { get; } = new();

        /// <summary>Kept beside the queue, whose end can only be reached by walking it: every request asks for it.</summary>
        public Bucket? Newest { get; private set; }

        public Bucket Open(Bucket bucket)
        {
            Buckets.Enqueue(bucket);
            return Newest = bucket;
        }
    }

    internal sealed class Bucket(EvidenceKey key, long number, TimeSpan labelDeadline)
    {
        private readonly int[] _unanswered = new int[CountTable.Arms];
        private DateTimeOffset _labelsUntil;
        private int _unansweredFirstHalf;
        private long[]? _firstHalf;

        public long Number => number;

        /// <summary>Requests that were delivered and wait for their label.</summary>
        public int Unlabelled { get; set; }

        public bool FormClosed { get; private set; }

        public bool QualityClosed { get; private set; }

        public bool ScoresClosed { get; private set; }

        /// <summary>Whether answers of it may be scored.</summary>
        public bool AwaitsScores { get; set; }

        public BinSheet<ScoreCounts> Scores => field ??= new();

        public CountSheet Form { get; } = new();

        public CountSheet Quality { get; } = new();

        public BinSheet<LatencyCounts> Latencies { get; } = new();

        private DateTimeOffset End => EpochCounts.StartOf(number + 1);

        public void Assign(Arm arm, bool isFirstHalf)
        {
            _unanswered[(int)arm]++;
            _unansweredFirstHalf += isFirstHalf ? 1 : 0;
        }

        public void Answer(Arm arm, bool isFirstHalf)
        {
            _unanswered[(int)arm]--;
            _unansweredFirstHalf -= isFirstHalf ? 1 : 0;
        }

        public void CountFirstHalf(Outcome outcome, int count) => (_firstHalf ??= new long[CountTable.OutcomeCount])[(int)outcome] += count;

        public bool FormIsDue(DateTimeOffset now, TimeSpan deadline) =>
            now >= End && (now >= End + deadline || _unanswered.All(n => n == 0));

        public bool QualityIsDue(DateTimeOffset now) => FormClosed && (Unlabelled == 0 || now >= _labelsUntil);

        // Never sooner: a release whose bad answers are scored first would look worse than it is.
        public bool ScoresAreDue(DateTimeOffset now) => now >= _labelsUntil;

        public EpochCounts CloseForm(DateTimeOffset now)
        {
            for (var arm = 0; arm < _unanswered.Length; arm++)
            {
                Form.Count((Arm)arm, stratum: 0, replica: 0, Outcome.Late, Served.Failed, _unanswered[arm]);
                Quality.Count((Arm)arm, stratum: 0, replica: 0, Outcome.Late, Served.Failed, _unanswered[arm]);
                if (_unanswered[arm] > 0)
                {
                    Latencies.Count(Took, (Arm)arm, replica: 0, LatencyCounts.Never, _unanswered[arm]);
                }
            }

            if (_unansweredFirstHalf > 0)
            {
                CountFirstHalf(Outcome.Late, _unansweredFirstHalf);
            }

            FormClosed = true;
            _labelsUntil = now + labelDeadline;
            return new(key, number, EvidenceGroup.Form, Form.Cells()) { Latencies = [.. Latencies.Cells().Select(LatencyCell.Of)] };
        }

        public EpochCounts CloseScores()
        {
            ScoresClosed = true;
            return new(key, number, EvidenceGroup.Quality, []) { Scores = [.. Scores.Cells().Select(ScoreCell.Of)] };
        }

        public EpochCounts CloseQuality()
        {
            QualityClosed = true;
            return new(key, number, EvidenceGroup.Quality, Quality.Cells()) { FirstHalf = _firstHalf is null ? [] : [.. _firstHalf] };
        }
    }
}
