namespace Backstop.Simulation.Incidents;

/// <summary>Which incidents to make.</summary>
public sealed record CorpusOptions
{
    /// <summary>Incidents. A share of <see cref="NothingShare"/> of them is none.</summary>
    public int Cases { get; init; } = 5000;

    public int Seed { get; init; } = 1;

    /// <summary>How strong the causes are, above 0 to 1.</summary>
    public double Effect { get; init; } = 0.6;

    /// <summary>Share of the cases in which nothing is wrong, 0 to 1.</summary>
    public double NothingShare { get; init; } = 0.2;

    /// <summary>Share of the sensors that are not there, 0 to 1.</summary>
    public double Missing { get; init; } = 0.1;

    /// <summary>The estimate of the onset is wrong by up to this much, either way.</summary>
    public TimeSpan Late { get; init; }

    /// <summary>Judged requests of each arm at the first look.</summary>
    public int Judged { get; init; } = 360;

    /// <summary>Requests of all traffic after the onset. The holdback's come on top, oversampled for the judge.</summary>
    public int Requests { get; init; } = 2400;

    /// <summary>Whether there is a holdback.</summary>
    public bool Holdback { get; init; } = true;

    /// <summary>Changes in the ledger that have nothing to do with it, at most.</summary>
    public int Decoys { get; init; } = 5;

    /// <summary>How much days differ without a cause: a standard deviation on the logit scale.</summary>
    public double Noise { get; init; } = 0.12;

    /// <summary>Only the families whose name contains this.</summary>
    public string? Family { get; init; }
}
