using System.Globalization;
using Backstop.Core.Evidence;
using Backstop.Core.Routing;
using Backstop.Protocol;
using Route = Backstop.Core.Routing.Route;
using SignalBatch = Backstop.Protocol.SignalBatch;

namespace Backstop.Gateway.Signals;

/// <summary>Observes requests: one signal each, summed into whole epochs, never waiting for anybody.</summary>
public sealed class SignalRecorder(GatewayOptions options, TimeProvider time)
{
    private const int MaxSamplesPerGeneration = 50;

    private readonly Lock _gate = new();
    private readonly EpochLedger _ledger = new(options.AnswerDeadline);
    private readonly Dictionary<string, PendingRequest> _delivered = new(StringComparer.Ordinal);
    private readonly Queue<PendingRequest> _byDeadline = new();
    private readonly Dictionary<(string Alias, string Release), Started> _started = [];
    private readonly Dictionary<(string Alias, long Generation), int> _sampled = [];
    private readonly List<Sample> _samples = [];
    private readonly string _startId = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
    private ulong _sequence;

    /// <summary>Names this start of the process in every batch.</summary>
    public string StartId => _startId;

    /// <summary>A request was assigned.</summary>
    /// <param name="isEvidence">False when the shares of the split did not hold for it.</param>
    public PendingRequest Assigned(string id, Route route, Assignment assignment, bool isEvidence)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            return new()
            {
                Id = id,
                Route = route,
                Assignment = assignment,
                Ticket = isEvidence
                    ? _ledger.Assign(new(route.Alias, route.Epoch, route.Generation), assignment.Arm, now, route.LabelDeadline)
                    : null,
            };
        }
    }

    /// <summary>A request is about to be sent to a release: what a rollback is verified on.</summary>
    public void Started(string alias, string release)
    {
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        lock (_gate)
        {
            if (!_started.TryGetValue((alias, release), out var started))
            {
                _started[(alias, release)] = started = new() { Alias = alias, Release = release, FirstMs = now };
            }

            started.Count++;
            started.LastMs = now;
        }
    }

    /// <summary>The request ended.</summary>
    /// <param name="outcome">What the assigned release answered, before the ring.</param>
    /// <param name="served">What the user received, after it.</param>
    internal void Answered(PendingRequest request, bool attack, Outcome outcome, Served served, FailureSample? sample)
    {
        lock (_gate)
        {
            request.Ticket?.Answered(attack, outcome, served);
            request.Sample = sample;
            if (outcome == Outcome.Unlabelled)
            {
                request.Until = time.GetUtcNow() + options.AnswerDeadline + request.Route.LabelDeadline;
                _delivered[request.Id] = request;
                _byDeadline.Enqueue(request);
            }
            else
            {
                Keep(request, outcome, expected: null);
            }
        }
    }

    /// <summary>A label came for a delivered answer. False when no such request waits for one.</summary>
    public bool Labelled(string id, bool correct, string? expected)
    {
        lock (_gate)
        {
            if (!_delivered.Remove(id, out var request))
            {
                return false;
            }

            request.Ticket?.Labelled(correct);
            if (!correct)
            {
                Keep(request, Outcome.Wrong, expected);
            }

            return true;
        }
    }

    /// <summary>Everything that became complete since the last call, or null when there is nothing to say.</summary>
    public SignalBatch? Collect()
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            while (_byDeadline.TryPeek(out var oldest) && oldest.Until <= now)
            {
                _delivered.Remove(_byDeadline.Dequeue().Id);
            }

            var epochs = _ledger.Collect(now);
            if (epochs.IsEmpty && _started.Count == 0 && _samples.Count == 0)
            {
                return null;
            }

            var batch = new SignalBatch { GatewayId = options.GatewayId, StartId = _startId, Sequence = ++_sequence };
            batch.Epochs.AddRange(epochs.Select(e => e.ToMessage()));
            batch.Started.AddRange(_started.Values);
            batch.Samples.AddRange(_samples);
            _started.Clear();
            _samples.Clear();
            return batch;
        }
    }

    private void Keep(PendingRequest request, Outcome outcome, string? expected)
    {
        if (request.Sample is not { } sample)
        {
            return;
        }

        var key = (request.Route.Alias, request.Route.Generation);
        var kept = _sampled.GetValueOrDefault(key);
        if (kept >= MaxSamplesPerGeneration)
        {
            return;
        }

        _sampled[key] = kept + 1;
        _samples.Add(new()
        {
            Alias = request.Route.Alias,
            Generation = request.Route.Generation,
            Release = request.Assignment.Release,
            RequestId = request.Id,
            Outcome = outcome.ToString(),
            Messages = sample.Messages,
            Answer = sample.Answer,
            Expected = expected ?? "",
            Attack = sample.Attack,
        });
    }
}
