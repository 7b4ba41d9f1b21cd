namespace Backstop.Emulation;

/// <summary>How an emulated release behaves. Rates are probabilities from 0 to 1 and are drawn independently of each other.</summary>
internal sealed record EmulatorProfile
{
    /// <summary>The name of the release; answers carry it as their model.</summary>
    public required string Name { get; init; }

    /// <summary>Share of answers that are abusive.</summary>
    public double ToxicRate { get; init; }

    /// <summary>Share of answers that are not the JSON that was asked for.</summary>
    public double SchemaFailRate { get; init; }

    /// <summary>Share of right answers to questions that have one.</summary>
    public double Accuracy { get; init; } = 1;

    /// <summary>Added to <see cref="ToxicRate"/> when the prompt is an attack.</summary>
    public double AttackToxicity { get; init; }

    /// <summary>Share of answers that give away an e-mail address or a card number.</summary>
    public double PiiRate { get; init; }

    /// <summary>Share of requests that fail with HTTP 500.</summary>
    public double ErrorRate { get; init; }

    /// <summary>Half of the answers are complete after this time.</summary>
    public double LatencyMedianMs { get; init; } = 40;

    /// <summary>99 of 100 answers are complete after this time. The distribution in between is lognormal.</summary>
    public double LatencyP99Ms { get; init; } = 160;

    /// <summary>The good release of the textbook.</summary>
    public static EmulatorProfile V7 { get; } = new()
    {
        Name = "v7", ToxicRate = 0.002, SchemaFailRate = 0.001, Accuracy = 0.94, AttackToxicity = 0.6,
    };

    /// <summary>The bad release of the textbook.</summary>
    public static EmulatorProfile V8 { get; } = new()
    {
        Name = "v8", ToxicRate = 0.090, SchemaFailRate = 0.140, Accuracy = 0.79, AttackToxicity = 0.6,
    };

    /// <summary>What is wrong with this profile, in a sentence that says what to write instead; null when nothing is.</summary>
    public string? Mistake()
    {
        (string Name, double Value)[] rates =
        [
            ("toxic_rate", ToxicRate), ("schema_fail_rate", SchemaFailRate), ("accuracy", Accuracy),
            ("attack_toxicity", AttackToxicity), ("pii_rate", PiiRate), ("error_rate", ErrorRate),
        ];
        return rates.FirstOrDefault(rate => rate.Value is not (>= 0 and <= 1)) is { Name: { } name, Value: var value }
            ? $"{name} must be from 0 to 1; it is {value}."
            : this switch
            {
                { Name.Length: 0 } => "name must not be empty.",
                { LatencyMedianMs: not (>= 0 and <= 600_000) } => $"latency_median_ms must be from 0 to 600000; it is {LatencyMedianMs}.",
                { LatencyP99Ms: not (>= 0 and <= 600_000) } => $"latency_p99_ms must be from 0 to 600000; it is {LatencyP99Ms}.",
                _ when LatencyP99Ms < LatencyMedianMs => $"latency_p99_ms ({LatencyP99Ms}) must not be below latency_median_ms ({LatencyMedianMs}).",
                _ => null,
            };
    }

    /// <summary>How long one answer takes.</summary>
    public TimeSpan DrawLatency(Dice dice)
    {
        const double NormalP99 = 2.3263478740408408; // The 99th percentile of the standard normal distribution.
        var spread = LatencyMedianMs > 0 ? Math.Log(LatencyP99Ms / LatencyMedianMs) / NormalP99 : 0;
        return TimeSpan.FromMilliseconds(Math.Min(LatencyMedianMs * Math.Exp(spread * dice.NextNormal()), 600_000));
    }
}
