namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary>What a client asks of an alias.</summary>
internal abstract record AliasOperation
{
    public sealed record Read : AliasOperation;

    public sealed record Swap(string Release, long ExpectedGeneration) : AliasOperation;

    public sealed record Rollback : AliasOperation;

    public sealed record Approve(string Release) : AliasOperation;

    public sealed record Pin : AliasOperation;

    public sealed record Unpin : AliasOperation;

    public sealed record Vouch : AliasOperation;
}

/// <summary>What the client was told.</summary>
internal abstract record Answer
{
    /// <summary>It was done.</summary>
    public sealed record Done : Answer;

    /// <summary>It was refused: nothing was done.</summary>
    public sealed record Refused : Answer;

    /// <summary>What a read saw.</summary>
    public sealed record Seen(long Generation, string Current) : Answer;

    /// <summary>No answer, or one that promises nothing: it may have been done, may yet be, or never.</summary>
    public sealed record Unknown : Answer;
}

/// <summary>One operation of a history.</summary>
/// <param name="Operation">What was asked.</param>
/// <param name="Answer">What came back.</param>
/// <param name="Called">When the client asked, in ticks of one clock.</param>
/// <param name="Returned">When it had the answer. An unknown one has no end: <see cref="long.MaxValue"/>.</param>
internal sealed record Step(AliasOperation Operation, Answer Answer, long Called, long Returned)
{
    public bool IsUnknown => Answer is Answer.Unknown;
}
