namespace Backstop.Demo;

/// <summary>Which story is played.</summary>
internal enum DemoStory
{
    /// <summary>v8 is bad.</summary>
    BadRelease,

    /// <summary>v8 is as good as v7.</summary>
    GoodRelease,

    /// <summary>What both releases depend on gets worse while v8 is a canary.</summary>
    UpstreamFault,
}

/// <param name="Rate">Requests per second.</param>
/// <param name="Seed">Decides questions, arrivals, and what the model servers answer.</param>
/// <param name="AtOnce">Promote without a canary: v8 is live for all but the holdback before anything is known.</param>
/// <param name="Fault">What breaks outside every release: <c>prompt</c>, <c>features</c>, <c>index</c> or <c>all</c> three; null where a release is the story.</param>
/// <param name="Keep">Leave the store and the logs on disk.</param>
internal sealed record DemoOptions(DemoStory Story, double Rate, int Seed, bool AtOnce, bool Keep, string? Fault = null)
{
    /// <summary>All faults at the same time.</summary>
    public const string AllFaults = "all";
}
