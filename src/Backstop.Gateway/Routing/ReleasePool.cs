using System.Collections.Immutable;
using Backstop.Core.Guards;
using Backstop.Core.Registry;

namespace Backstop.Gateway.Routing;

/// <summary>A release as this gateway serves it: its compiled ring and the replicas with their load.</summary>
public sealed class ReleasePool
{
    private readonly Replica[] _replicas;

    /// <summary>Compiles the release's guard policy, and reads its secrets from the environment.</summary>
    /// <exception cref="UnusableReleaseException">This gateway cannot serve it; the route that names it is refused.</exception>
    public ReleasePool(Release release)
    {
        Release = release;
        try
        {
            Ring = Ring.Compile(release.GuardPolicy is { } policy ? GuardPolicy.Parse(policy) : GuardPolicy.Default);
            Headers = release.Serving.HeadersWith(Environment.GetEnvironmentVariable);
        }
        catch (Exception e) when (e is GuardPolicyException or MissingSecretException)
        {
            throw new UnusableReleaseException($"release '{release.Name}': {e.Message}", e);
        }

        _replicas = [.. release.Serving.Replicas.Select(r => new Replica(r))];
    }

    public Release Release { get; }

    public Ring Ring { get; }

    /// <summary>What every request to a replica carries, secrets among it.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Headers { get; }

    /// <summary>The replicas in the order they should be tried: the less loaded of two at random first, then the others.</summary>
    /// <remarks>Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 2001.</remarks>
    public IEnumerable<Replica> InOrder(Random random)
    {
        if (_replicas.Length == 1)
        {
            yield return _replicas[0];
            yield break;
        }

        var a = _replicas[random.Next(_replicas.Length)];
        var b = _replicas[random.Next(_replicas.Length)];
        var first = a.Load <= b.Load ? a : b;
        yield return first;
        foreach (var other in _replicas)
        {
            if (other != first)
            {
                yield return other;
            }
        }
    }
}

/// <summary>One model server and how many requests it is answering for this gateway.</summary>
public sealed class Replica(Uri address)
{
    private int _load;

    public Uri Chat { get; } = Serving.AddressOf(address, "chat/completions");

    public Uri Address { get; } = address;

    public int Load => Volatile.Read(ref _load);

    public void Enter() => Interlocked.Increment(ref _load);

    public void Leave() => Interlocked.Decrement(ref _load);
}

/// <summary>A release that this gateway cannot serve; the message says what to change.</summary>
public sealed class UnusableReleaseException : Exception
{
    public UnusableReleaseException()
    {
    }

    public UnusableReleaseException(string message)
        : base(message)
    {
    }

    public UnusableReleaseException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
