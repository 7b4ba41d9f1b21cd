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

    public int? Runs { get; init; }

    public int? BudgetSeconds { get; init; }

    public FalseBlockView[] FalseBlocks { get; init; } = [];

    public CertificateView? Certificate { get; init; }
}

/// <summary>A release that the gate stopped and should not have.</summary>
public sealed record FalseBlockView(DateTimeOffset At, string By, string Why);

/// <summary>The proof that a gate works.</summary>
public sealed record CertificateView(bool Holds, GateResult Bad, GateResult Good, bool BlocksBad, bool PassesGood)
{
    public GateResult[] MoreBad { get; init; } = [];

    public int? GoodPasses { get; init; }

    public VariantView[] Variants { get; init; } = [];
}

/// <summary>A variant of the fault.</summary>
/// <param name="Stopped">Null when it says nothing.</param>
public sealed record VariantView(string Name, GateResult Bad, bool? Stopped);

/// <summary>Which gate stops which of the releases that were bad.</summary>
public sealed record MatrixView(string Alias, MatrixRow[] Gates, string[] Releases, int Answers, double FalseBlock, string[] Unstopped, string[] Dispensable);

/// <summary>One gate of it.</summary>
public sealed record MatrixRow(string Gate, string State, string Owner, DateTimeOffset ReviewBy, bool Overdue, int Answers, int FalseBlocks)
{
    public Dictionary<string, string> Verdicts { get; init; } = [];

    public string[] OnlyBy { get; init; } = [];
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

/// <summary>A rule at the gateways that an incident left.</summary>
public sealed record MonitorView(string MonitorId, string Alias, string State, string Words)
{
    public string? IncidentId { get; init; }

    public string? Cause { get; init; }

    public string? Owner { get; init; }

    public DateTimeOffset ReviewBy { get; init; }

    public string? Helped { get; init; }

    public BacktestView? Backtest { get; init; }

    /// <summary>Held against what is remembered today; null in a list.</summary>
    public BacktestView? Today { get; init; }
}

/// <summary>A rule held against what was counted: while all was well, and since the onset of what is not as usual.</summary>
public sealed record BacktestView(TimeSpan QuietFor, long Quiet, long QuietTouched, long Faulty, long FaultyTouched);

public sealed record GateResult(int Runs, int Failures)
{
    public bool? Passed { get; init; }

    public string? Reason { get; init; }
}
