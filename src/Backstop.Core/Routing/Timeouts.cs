namespace Backstop.Core.Routing;

/// <summary>How long a gateway waits for a model server; a part that is null is left to whoever is less particular.</summary>
/// <remarks>An alias is more particular than a release, and a release than the gateway.</remarks>
/// <param name="Connect">To reach a replica. Only a release says this: it is about its network.</param>
/// <param name="FirstToken">From the request to the headers of the answer, and from there to the first piece of a stream.</param>
/// <param name="BetweenTokens">From one piece to the next.</param>
/// <param name="Total">A whole request, with everything that is asked again in between.</param>
public sealed record Timeouts(TimeSpan? Connect = null, TimeSpan? FirstToken = null, TimeSpan? BetweenTokens = null, TimeSpan? Total = null)
{
    /// <summary>Says nothing.</summary>
    public static Timeouts None { get; } = new();

    /// <summary>These, and where they say nothing, those.</summary>
    public Timeouts Or(Timeouts others) => this == None
        ? others
        : new(Connect ?? others.Connect, FirstToken ?? others.FirstToken, BetweenTokens ?? others.BetweenTokens, Total ?? others.Total);
}
