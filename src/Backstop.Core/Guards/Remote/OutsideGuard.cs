namespace Backstop.Core.Guards.Remote;

/// <summary>Who judges texts and may take long, or be gone: the ring asks it beside its own checks and never trusts it to answer.</summary>
public abstract record OutsideGuard(string Name)
{
    public required Patience Patience { get; init; }
}

/// <summary>How much is asked of somebody outside, and for how long somebody who fails is left alone.</summary>
/// <param name="Concurrency">Most questions at once, 1 to 1024; more are not queued but count as saturated.</param>
/// <param name="BreakAfter">Failures in a row after which it is left alone for a while, 1 to 1000. 5 by default.</param>
/// <param name="RestMilliseconds">How long it is left alone, 100 to 600,000 ms; then one question tries. 5,000 by default.</param>
public sealed record Patience(int Concurrency, int BreakAfter, int RestMilliseconds)
{
    internal static Patience Read(PolicyNode node, int concurrency)
    {
        var breaker = node.Node("breaker");
        var patience = new Patience(
            node.Integer("concurrency", 1, 1024) ?? concurrency, breaker?.Integer("failures", 1, 1000) ?? 5, breaker?.Integer("rest_ms", 100, 600_000) ?? 5000);
        breaker?.Done();
        return patience;
    }
}
