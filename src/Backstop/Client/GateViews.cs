namespace Backstop.Client;

public sealed record GateView(string Id, string Alias)
{
    public string? IncidentId { get; init; }

    public DateTimeOffset? CreatedAt { get; init; }

    public int? Cases { get; init; }

    public int? SamplesPerCase { get; init; }

    public int? FailIfMoreThan { get; init; }

    public string? State { get; init; }

    public string? Owner { get; init; }

    public DateTimeOffset? ReviewBy { get; init; }

    public RateView? GoodFailRate { get; init; }

    public RateView? BadFailRate { get; init; }

    public string? CasesDigest { get; init; }
}

/// <summary>What a suite of files found about a release.</summary>
public sealed record SuiteResultView(string Gate, string GateDigest, string Verdict, int Runs, int Failures, int Errors, DateTimeOffset At, string Actor);

public sealed record RateView(double Estimate);

/// <summary>What was learnt and the proof that it works: a gate that the bad release fails and the good one passes, or a monitor.</summary>
public sealed record GateProof(string? GateId, bool? BlocksBad, bool? PassesGood)
{
    public GateResult? Bad { get; init; }

    public GateResult? Good { get; init; }

    public int? FailIfMoreThan { get; init; }

    /// <summary>Set where no release carries the fault and no gate could stop it.</summary>
    public MonitorView? Monitor { get; init; }
}

public sealed record MonitorView(string MonitorId, string State, string Words);

public sealed record GateResult(int Runs, int Failures)
{
    public bool? Passed { get; init; }

    public string? Reason { get; init; }
}
