using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Backstop.Core.Evidence;
using Backstop.Core.Guards;
using Backstop.Core.Prompts;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Dialects;
using Backstop.Gateway.Inputs;
using Backstop.Gateway.Requests;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Routing;

/// <summary>A release as this gateway serves it: its compiled ring and the replicas with their load.</summary>
public sealed class ReleasePool
{
    private readonly Replica[] _replicas;
    private readonly ReleaseRing _own;
    private ConditionalWeakTable<Tightening, ReleaseRing>? _tightened; // Few aliases ever are.
    private readonly string _protocol;
    private bool _isDropped;

    /// <summary>Compiles the release's guard policy, and reads its secrets from the environment.</summary>
    /// <exception cref="UnusableReleaseException">This gateway cannot serve it; the route that names it is refused.</exception>
    public ReleasePool(Release release, TimeProvider time)
    {
        (Release, _protocol, Timeouts) = (release, string.Intern(release.Serving.Protocol), release.Serving.Timeouts);
        try
        {
            _own = new(release.GuardPolicy is { } policy ? GuardPolicy.Parse(policy) : GuardPolicy.Default);
            Headers = release.Serving.HeadersWith(Environment.GetEnvironmentVariable);
            Trust = release.Serving.TrustWith(TextFile.Read);
            Parts = new(release);
        }
        catch (Exception e) when (e is GuardPolicyException or MissingSecretException or PromptException)
        {
            throw new UnusableReleaseException($"release '{release.Name}': {e.Message}", e);
        }

        var isOne = release.Serving.Replicas.Length == 1;
        _replicas = [.. release.Serving.Replicas.Select((r, place) => new Replica(release.Serving, r, time, isOne ? 0 : ReplicaTest.NumberOf(place)))];
        foreach (var replica in _replicas)
        {
            replica.Peers = _replicas;
        }

        Budget = new(release.Serving.Retries, time);
        Copies = PromptMemory.Of(release, time);
    }

    public Release Release { get; }

    /// <summary>Whether an operator on this host dropped it. Then nothing is sent to it, whoever asks.</summary>
    public bool IsDropped
    {
        get => Volatile.Read(ref _isDropped);
        internal set => Volatile.Write(ref _isDropped, value);
    }

    /// <summary>The ring of its own policy, whatever an alias lays beside it.</summary>
    public Ring Ring => _own.Ring;

    /// <summary>The ring that looks at the requests of an alias: the release's own, unless the alias is under a tightening.</summary>
    public ReleaseRing RingFor(Route route) => route.Traffic.Tightening is { } tightening
        ? LazyInitializer.EnsureInitialized(ref _tightened, () => []).GetValue(tightening, laid => new(laid.Over(Ring.Policy)))
        : _own;

    /// <summary>Recognises its prompt where callers send it themselves; null when it has none.</summary>
    internal PromptMemory? Copies { get; }

    /// <summary>How long its requests may take.</summary>
    public Timeouts Timeouts { get; }

    /// <summary>What it puts into every request.</summary>
    public ReleaseParts Parts { get; }

    /// <summary>Whether its model servers can be asked in a dialect.</summary>
    public bool Speaks(Dialect dialect) => _protocol == dialect.Protocol;

    /// <summary>What every request to a replica carries, secrets among it.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Headers { get; }

    /// <summary>Whom its replicas' certificates must lead to; null for the machine's own authorities.</summary>
    public ServerTrust? Trust { get; }

    /// <summary>From here on these replicas get no request, and all others may.</summary>
    /// <param name="addresses">As manifests name them; one that ends in a star stands for all that begin so.</param>
    public void Drain(IReadOnlyCollection<string> addresses)
    {
        foreach (var replica in _replicas)
        {
            replica.IsDrained = addresses.Any(address => Serving.IsAt(replica.Address, address));
        }
    }

    /// <summary>What requests read of it; its checks, of which there may be many, come last.</summary>
    internal IEnumerable<object?> Read =>
        [this, _own, Release, Release.Name, Parts, Parts.Model, Parts.Prompt, Budget, _replicas, _replicas[0], .. _own.Ring.Read];

    /// <inheritdoc cref="ServedAlias.FetchNext"/>
    internal void FetchNext() => _replicas[0].FetchNext();

    /// <summary>How many replicas it has.</summary>
    public int Size => _replicas.Length;

    public IReadOnlyList<Replica> Replicas => _replicas;

    /// <summary>What its requests may be sent again.</summary>
    public RetryBudget Budget { get; }

    /// <summary>
    /// The less loaded of two replicas at random, of those that are well, have room and were not tried; of any that has room and was not
    /// tried when none is well; null when none has room.
    /// </summary>
    /// <remarks>Mitzenmacher, "The power of two choices in randomized load balancing", IEEE TPDS 2001.</remarks>
    internal Replica? Choose(List<Replica>? tried, Random random)
    {
        var resting = !IsAnyWell(tried); // One that is well and full is no reason to ask one that is ill.
        var choice = Count(tried, resting);
        if (choice == 0)
        {
            return null;
        }

        var a = Pick(tried, resting, random.Next(choice));
        var b = Pick(tried, resting, random.Next(choice));
        return a.Load <= b.Load ? a : b;
    }

    private bool IsAnyWell(List<Replica>? tried)
    {
        foreach (var replica in _replicas)
        {
            if (!replica.IsResting && !replica.IsDrained && tried?.Contains(replica) != true)
            {
                return true;
            }
        }

        return false;
    }

    private int Count(List<Replica>? tried, bool resting)
    {
        var count = 0;
        foreach (var replica in _replicas)
        {
            count += IsChoice(replica, tried, resting) ? 1 : 0;
        }

        return count;
    }

    // Somebody else may have failed or recovered since they were counted; then any replica that was not tried will do.
    private Replica Pick(List<Replica>? tried, bool resting, int number)
    {
        Replica? any = null;
        foreach (var replica in _replicas)
        {
            if (tried?.Contains(replica) == true)
            {
                continue;
            }

            any = replica;
            if (IsChoice(replica, tried, resting) && number-- == 0)
            {
                break;
            }
        }

        return any!;
    }

    private static bool IsChoice(Replica replica, List<Replica>? tried, bool resting) =>
        tried?.Contains(replica) != true && !replica.IsFull && !replica.IsDrained && replica.IsResting == resting;
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
