namespace Backstop.Core.Evidence;

/// <summary>What copies of requests showed beside the answers that users got.</summary>
/// <remarks>Sums of integers: like all evidence they merge in any order into the same state.</remarks>
public sealed record ShadowCounts
{
    /// <summary>Nothing was copied.</summary>
    public static ShadowCounts None { get; } = new();

    /// <summary>Copies that were asked.</summary>
    public long Copies { get; init; }

    /// <summary>Copies that were not asked, because too many waited or their bodies were too long.</summary>
    public long Dropped { get; init; }

    /// <summary>Copies that the release did not answer.</summary>
    public long Failed { get; init; }

    /// <summary>Copies that the ring judged as it judged the user's answer.</summary>
    public long SameVerdict { get; init; }

    /// <summary>Copies that failed or were blocked where the user's answer was neither.</summary>
    public long Worse { get; init; }

    /// <summary>Copies that were fine where the user's answer failed or was blocked.</summary>
    public long Better { get; init; }

    /// <summary>Sum of the word agreements of both answers, each in millionths.</summary>
    public long AgreementMillionths { get; init; }

    /// <summary>How long users waited for the whole answers, in microseconds.</summary>
    public long UserMicroseconds { get; init; }

    /// <summary>How long the copies took, in microseconds.</summary>
    public long ShadowMicroseconds { get; init; }

    public long UserCharacters { get; init; }

    public long ShadowCharacters { get; init; }

    /// <summary>Both together.</summary>
    public ShadowCounts Plus(ShadowCounts other) => new()
    {
        Copies = Copies + other.Copies,
        Dropped = Dropped + other.Dropped,
        Failed = Failed + other.Failed,
        SameVerdict = SameVerdict + other.SameVerdict,
        Worse = Worse + other.Worse,
        Better = Better + other.Better,
        AgreementMillionths = AgreementMillionths + other.AgreementMillionths,
        UserMicroseconds = UserMicroseconds + other.UserMicroseconds,
        ShadowMicroseconds = ShadowMicroseconds + other.ShadowMicroseconds,
        UserCharacters = UserCharacters + other.UserCharacters,
        ShadowCharacters = ShadowCharacters + other.ShadowCharacters,
    };

    /// <summary>Mean word agreement, 0 to 1; 0 without copies.</summary>
    public double Agreement => Copies == 0 ? 0 : AgreementMillionths / 1e6 / Copies;

    /// <summary>How much longer copies took than users waited, as a share: 0.25 for a quarter more. 0 without copies.</summary>
    public double Slowdown => UserMicroseconds == 0 ? 0 : (ShadowMicroseconds / (double)UserMicroseconds) - 1;

    /// <summary>How much longer (above 0) or shorter the copies' answers are, as a share. 0 without copies.</summary>
    public double LengthChange => UserCharacters == 0 ? 0 : (ShadowCharacters / (double)UserCharacters) - 1;

    /// <summary>Share of the copies that were not asked, 0 to 1.</summary>
    public double DroppedShare => Copies + Dropped == 0 ? 0 : Dropped / (double)(Copies + Dropped);
}

/// <summary>Copies of one stage that one release was asked.</summary>
public sealed record ShadowSums(EvidenceKey Key, string Release, ShadowCounts Counts);
