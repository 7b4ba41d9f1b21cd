using System.Collections.Immutable;
using Backstop.Control.Incidents;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Rollouts;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>Tells the incident book what happened to one rollout, in order, beside the decisions: writing a report must never hold up a verdict.</summary>
/// <remarks>
/// What is told while the store is away waits, in order, until <see cref="TellAgain"/>. What waits dies with the process, but for a blame: the
/// next owner reports it again, and the book adds to the open incident.
/// </remarks>
internal sealed partial class IncidentReporter(IncidentBook incidents, ILogger log)
{
    // A doubt is looked at again when the smaller arm has grown this much: the first alarm knows least.
    private const double Growth = 1.25;

    private readonly Lock _lock = new();
    private readonly Queue<Func<Task>> _untold = new();
    private Task _telling = Task.CompletedTask;
    private long _known;
    private Timeline? _stamped;

    /// <summary>The incident of this rollout, once it is open.</summary>
    public string? IncidentId { get; private set; }

    /// <summary>Why reports wait; null when none does.</summary>
    public StoreException? Failed { get; private set; }

    /// <summary>Goes on with the incident that an earlier owner opened.</summary>
    public void Continue(string? incidentId) => IncidentId = incidentId;

    /// <summary>Opens an incident, or adds to the open one.</summary>
    /// <param name="stored">The rollout as it was decided.</param>
    /// <param name="judgement">What the decision rests on, if on anything measured.</param>
    /// <param name="history">What the trusted release used to do.</param>
    /// <param name="open">Whether the release is blamed, and why.</param>
    /// <param name="then">Told the incident as it stands after that; null for nobody.</param>
    public void Open(StoredRollout stored, Judgement? judgement, ControlRates history, Effect.OpenIncident open, Func<Incident, Task>? then = null)
    {
        (_known, _stamped) = (SmallerArm(judgement), null);
        Next(async () =>
        {
            var incident = await incidents.Raise(new()
            {
                Alias = stored.Rollout.Alias,
                Release = stored.Rollout.Candidate,
                Baseline = stored.Rollout.Baseline,
                RolloutId = stored.Rollout.Id,
                Blamed = open.Blamed,
                Reason = open.Reason,
                Judgement = judgement,
                History = history,
            });
            IncidentId = incident.Id;
            await (then?.Invoke(incident) ?? Task.CompletedTask);
        });
    }

    /// <summary>Diagnoses an open incident again, once enough more is known.</summary>
    /// <param name="stored">The rollout as it stands.</param>
    /// <param name="judgement">What both arms did up to now. A healthy one is no news about an incident.</param>
    /// <param name="history">What the trusted release used to do.</param>
    /// <param name="then">Told the incident as it stands after that: what was mild at first may harm by now.</param>
    public void Refine(StoredRollout stored, Judgement judgement, ControlRates history, Func<Incident, Task> then)
    {
        if (IncidentId is not null && judgement.Verdict == Verdict.Inconclusive && SmallerArm(judgement) > Growth * _known)
        {
            Open(stored, judgement, history, new(Blamed: false, judgement.Reason), then);
        }
    }

    /// <summary>Tells that requests bring something else with them than they did.</summary>
    /// <param name="then">Told the incident as it stands after that.</param>
    public void Observe(Alarm alarm, Func<Incident, Task> then) => Next(async () => await then(await incidents.Raise(alarm)));

    /// <summary>Writes into the ledger what nobody told and requests show.</summary>
    public void Infer(LedgerEntry entry) => Next(() => incidents.Report(entry, "backstop"));

    /// <summary>Tells what became of an incident.</summary>
    public void Change(string id, Func<Incident, Incident> change) => Next(() => incidents.Change(id, change));

    /// <summary>Tells what was measured to tell suspects apart, so that the incident is diagnosed again.</summary>
    public void Measure(string id, ImmutableArray<Signal> read) => Next(() => incidents.Investigate(id, i => i.Measure(read)));

    /// <summary>Writes what is known about the times by now.</summary>
    public void Stamp(Timeline timeline)
    {
        // While the store is away the owner makes up for it every second: the same times wait once.
        if (Failed is null || timeline != _stamped)
        {
            _stamped = timeline;
            Next(() => IncidentId is { } id ? incidents.Stamp(id, timeline) : Task.CompletedTask);
        }
    }

    /// <summary>Tries once more to write what waits for the store.</summary>
    public void TellAgain()
    {
        lock (_lock)
        {
            _telling = TellAfter(_telling);
        }
    }

    /// <summary>Ends when everything told so far is durable, or waits for a store that does not answer.</summary>
    public Task Finish()
    {
        lock (_lock)
        {
            return _telling;
        }
    }

    private static long SmallerArm(Judgement? judgement) =>
        judgement is null ? 0 : Math.Min(judgement.Tested.Units, judgement.Control.Units);

    private void Next(Func<Task> report)
    {
        lock (_lock)
        {
            _untold.Enqueue(report);
            _telling = TellAfter(_telling);
        }
    }

    private Task TellAfter(Task before) => Task.Run(async () =>
    {
        await before;
        while (First() is { } report)
        {
            try
            {
                await report();
                Failed = null;
            }
            catch (StoreException e)
            {
                Failed = e;
                NotReported(log, e);
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                NotReported(log, e); // It would fail every time, and nothing behind it would be told.
            }

            Done();
        }
    });

    private Func<Task>? First()
    {
        lock (_lock)
        {
            return _untold.TryPeek(out var report) ? report : null;
        }
    }

    private void Done()
    {
        lock (_lock)
        {
            _untold.Dequeue();
        }
    }

    [LoggerMessage(3104, LogLevel.Error, "The incident book could not be written; the rollback is not affected.")]
    private static partial void NotReported(ILogger logger, Exception exception);
}
