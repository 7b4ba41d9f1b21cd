using System.Collections.Immutable;
using Backstop.Core.Guards;
using Backstop.Core.Registry;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Routing;

/// <summary>A release as this gateway serves it: its compiled ring and the replicas with their load.</summary>
public sealed class ReleasePool
{
    private readonly Replica[] _replicas;
    private readonly bool _screensInput;

    /// <summary>Compiles the release's guard policy, and reads its secrets from the environment.</summary>
    /// <exception cref="UnusableReleaseException">This gateway cannot serve it; the route that names it is refused.</exception>
    public ReleasePool(Release release, TimeProvider time)
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

        _screensInput = Ring.Policy.ChecksOf(GuardStage.Input).Any(check => check.Mode == CheckMode.Enforce);
        _replicas = [.. release.Serving.Replicas.Select(r => new Replica(release.Serving, r, time))];
    }

    public Release Release { get; }

    public Ring Ring { get; }

    /// <summary>Whether its model servers can be asked in a dialect.</summary>
    public bool Speaks(Dialect dialect) => Release.Serving.Protocol == dialect.Protocol;

    /// <summary>Whether a request holds tokens where this release's checks would have to look at texts. What cannot be checked does not pass.</summary>
    public bool CannotRead(ModelRequest request) => request.HasTokens && _screensInput;

    /// <summary>What every request to a replica carries, secrets among it.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Headers { get; }

    /// <summary>The replicas in the order they should be tried: the less loaded of two at random first, then the others, those at rest last.</summary>
    /// <remarks>Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 2001.</remarks>
    public IEnumerable<Replica> InOrder(Random random)
    {
        if (_replicas.Length == 1)
        {
            return _replicas;
        }

        var awake = Array.FindAll(_replicas, r => !r.IsResting);
        var choice = awake.Length > 0 ? awake : _replicas;
        var (a, b) = (choice[random.Next(choice.Length)], choice[random.Next(choice.Length)]);
        var first = a.Load <= b.Load ? a : b;
        return [first, .. choice.Where(r => r != first), .. _replicas.Except(choice)];
    }
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
