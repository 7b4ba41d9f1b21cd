using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;
using Backstop.Gateway.Observability;

namespace Backstop.Gateway.Guards;

/// <summary>What a gateway tells of its checks: what they found, and each time one gave no answer.</summary>
/// <remarks>Labels are ids of checks and names of guards, as policies have them, and kinds of failure: nothing of a text.</remarks>
public sealed class GuardTelemetry : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _findings;
    private readonly Counter<long> _failures;
    private readonly Counter<long> _dropped;
    private readonly Histogram<double> _asked;

    public GuardTelemetry(IMeterFactory meters)
    {
        _meter = meters.Create(Telemetry.Name);
        _findings = _meter.CreateCounter<long>("backstop.guard.findings", "{text}", "Texts in which a check found something, by check and by whether it decides or only takes notes.");
        _failures = _meter.CreateCounter<long>("backstop.guard.failures", "{text}", "Texts about which a check gave no answer, by check, class of failure and what the policy made of it.");
        _dropped = _meter.CreateCounter<long>("backstop.guard.notes.dropped", "{request}", "Requests and answers that no check took notes of, because too many were waiting.");
        _asked = _meter.CreateHistogram<double>("backstop.guard.remote.duration", "s", "From a question to a guard outside to its answer.");
    }

    public void Ruled(Ruling ruling)
    {
        Count(ruling.Findings, "enforce");
        Count(ruling.ShadowFindings, "shadow");
        foreach (var error in ruling.Errors)
        {
            Failed(error.Check, error.Failure, error.Outcome == Disposition.Allow && !ruling.Stops ? "passed" : "stopped");
        }
    }

    /// <summary>Somebody answered who only takes notes.</summary>
    public void Observed(RemoteAnswer answer)
    {
        if (answer.Failure is { } failure)
        {
            Failed(answer.Check, failure, "noted");
        }
        else if (!answer.Flags.IsEmpty)
        {
            Found(answer.Check, "shadow");
        }
    }

    /// <summary>There was no room for those who only take notes.</summary>
    public void NotesDropped() => _dropped.Add(1);

    public void Asked(RemoteQuestion question, RemoteAnswer answer, TimeSpan took) => _asked.Record(
        took.TotalSeconds,
        new KeyValuePair<string, object?>("backstop.guard", question.Guard.Name),
        new KeyValuePair<string, object?>("backstop.result", answer.Failure?.ToString().ToLowerInvariant() ?? "answered"));

    public void Dispose() => _meter.Dispose();

    private void Count(ImmutableArray<Finding> findings, string mode)
    {
        // One text may have many findings of one check.
        for (var i = 0; i < findings.Length; i++)
        {
            if (i == 0 || findings[i].Check != findings[i - 1].Check)
            {
                Found(findings[i].Check, mode);
            }
        }
    }

    private void Found(string check, string mode) => _findings.Add(
        1, new KeyValuePair<string, object?>("backstop.check", check), new KeyValuePair<string, object?>("backstop.mode", mode));

    private void Failed(string check, CheckFailure failure, string outcome) => _failures.Add(
        1,
        new KeyValuePair<string, object?>("backstop.check", check),
        new KeyValuePair<string, object?>("backstop.failure", failure.ToString().ToLowerInvariant()),
        new KeyValuePair<string, object?>("backstop.outcome", outcome));
}
