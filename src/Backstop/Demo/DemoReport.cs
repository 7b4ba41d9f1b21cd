namespace Backstop.Demo;

/// <summary>What was measured; null where the story has no such thing. The names are those of <c>--json</c>.</summary>
internal sealed record DemoReport
{
    public required string Story { get; init; }

    public required int Seed { get; init; }

    public required double Rate { get; init; }

    /// <summary>Requests of users.</summary>
    public required int Requests { get; init; }

    /// <summary>Requests that got no answer, or an error that was not the ring's.</summary>
    public required int Failed { get; init; }

    /// <summary>Requests, both arms together, from the onset to the verdict.</summary>
    public long? RequestsToDetect { get; init; }

    public double? OnsetToDetectedS { get; init; }

    public double? DetectedToSwappedMs { get; init; }

    public double? SwappedToConvergedMs { get; init; }

    /// <summary>The incident's own segments, in milliseconds.</summary>
    public IReadOnlyDictionary<string, double?>? SegmentsMs { get; init; }

    /// <summary>Answers of the model servers to users that were toxic or malformed, by their own records.</summary>
    public required int UnsafeEmitted { get; init; }

    public required int ToxicEmitted { get; init; }

    public required int MalformedEmitted { get; init; }

    /// <summary>Those of them that a user received.</summary>
    public required int UnsafeDelivered { get; init; }

    public required int ToxicDelivered { get; init; }

    public required int MalformedDelivered { get; init; }

    /// <summary>Harmless answers to harmless questions that users did not get.</summary>
    public required int FalseBlocks { get; init; }

    /// <summary>Requests of users that the promoted release's servers began after every gateway had acknowledged the rollback.</summary>
    public int? ServedByBadAfterConvergence { get; init; }

    public required string ActiveRelease { get; init; }

    public required long Generation { get; init; }

    public required string RolloutStatus { get; init; }

    public string? IncidentId { get; init; }

    public bool? ReleaseToBlame { get; init; }

    /// <summary>The most probable suspect.</summary>
    public string? Suspect { get; init; }

    /// <summary>Whether rolling back helps.</summary>
    public string? Rollback { get; init; }

    /// <summary>Probability of each explanation.</summary>
    public IReadOnlyDictionary<string, double>? Pattern { get; init; }

    public string? GateId { get; init; }

    public bool? GateBlocksBad { get; init; }

    public bool? GatePassesGood { get; init; }

    /// <summary>What became of promoting the release once more.</summary>
    public string? SecondTry { get; init; }

    /// <summary>Quality of the requests that the promoted release was asked.</summary>
    public required Quality PromotedRelease { get; init; }

    /// <summary>Quality of the others.</summary>
    public required Quality OtherRelease { get; init; }

    public double DurationS { get; init; }
}

/// <summary>Share of right answers, before the ring and after it: what a blocked answer hides lies between them.</summary>
/// <param name="Requests">Requests that could be checked.</param>
/// <param name="BeforeRing">Share that was right, harmless and well formed when it left the model server.</param>
/// <param name="AfterRing">Share that was right when it reached the user.</param>
internal sealed record Quality(int Requests, double? BeforeRing, double? AfterRing);
