using System.Collections.Immutable;
using System.Globalization;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>Puts the servers of releases to rest that no alias needs any more, and wakes them when one does again; only where the release says so.</summary>
/// <remarks>
/// It looks at what the store says and not at events, so it misses nothing. That a release rests is in the journal before its servers
/// hear of it, written only while nothing needs it; and what was told is held against the store once more afterwards: a rollout that was
/// submitted at that moment finds its servers awake. Who starts knows only of what was needed since: after a restart a server may stay
/// awake for longer than it must, and is never put to rest too soon.
/// </remarks>
internal sealed partial class RestWatch(
    AliasStore aliases, ReleaseStore releases, WarmthProbe warmth, Leases leases, ControlOptions options, TimeProvider clock, ILogger<RestWatch> log) : BackgroundService
{
    private readonly string _owner = Guid.NewGuid().ToString("N");
    private readonly Dictionary<string, ((long Epoch, long Generation) At, ImmutableArray<string> Needs)> _aliases = new(StringComparer.Ordinal);

    // Releases that may rest once nobody needs them, and when somebody was last seen to.
    private Dictionary<string, long>? _neededAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(options.RestInterval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await Look();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                NotSeen(log, e.Message); // The next look sees everything that this one would have.
            }
        }
    }

    private async Task Look()
    {
        var needed = await Needed();
        var (isFirst, now) = (_neededAt is null, clock.GetTimestamp());
        _neededAt ??= new(StringComparer.Ordinal);
        foreach (var release in needed.Values.Where(r => r.Serving.Engine?.RestAfter is not null))
        {
            if (!_neededAt.ContainsKey(release.Digest))
            {
                Watches(log, release.Name);
                if (!isFirst && await IsMine())
                {
                    _ = Wake(release); // What a rollout exposes was asked before; a traffic policy may name a release that slept until now.
                }
            }

            _neededAt[release.Digest] = now;
        }

        foreach (var (digest, at) in _neededAt.Where(n => !needed.ContainsKey(n.Key)).ToArray())
        {
            var release = await releases.Get(digest);
            if (clock.GetElapsedTime(at, now) >= release.Serving.Engine!.RestAfter)
            {
                _neededAt.Remove(digest);
                if (await IsMine())
                {
                    await PutToRest(release, needed);
                }
            }
        }
    }

    private async Task PutToRest(Release release, Dictionary<string, Release> needed)
    {
        var replicas = Rest.ReplicasOf(release, needed.Values);
        if (replicas.IsEmpty || !await aliases.Rest(release.Digest, new("release_rested", "backstop", Words(release, replicas))))
        {
            return;
        }

        foreach (var replica in replicas)
        {
            if (await warmth.Rest(release, replica) is { } why)
            {
                NotResting(log, replica, release.Name, why);
            }
            else
            {
                Rests(log, replica, release.Name);
            }
        }

        foreach (var missed in (await Needed()).Values.Where(r => !needed.ContainsKey(r.Digest) && Rest.Misses(r, release)))
        {
            await Wake(missed);
        }
    }

    private static string Words(Release release, ImmutableArray<Uri> replicas) => string.Create(
        CultureInfo.InvariantCulture,
        $"{release.Name} at {string.Join(", ", replicas.Select(r => r.AbsoluteUri))}: no alias has needed it for {release.Serving.Engine!.RestAfter!.Value.TotalSeconds:0.#} s");

    private async Task Wake(Release release)
    {
        if (await warmth.Failure(release) is { } cold)
        {
            NotAwake(log, release.Name, cold);
        }
    }

    private async Task<Dictionary<string, Release>> Needed()
    {
        foreach (var (name, epoch, generation) in await aliases.Generations())
        {
            if (!(_aliases.TryGetValue(name, out var known) && known.At == (epoch, generation)) && await aliases.Find(name) is { } alias)
            {
                _aliases[name] = ((alias.Epoch, alias.Generation), [.. alias.Needs()]);
            }
        }

        var needed = new Dictionary<string, Release>(StringComparer.Ordinal);
        foreach (var digest in _aliases.Values.SelectMany(a => a.Needs).Concat((await aliases.ActiveRollouts()).SelectMany(r => r.Needs())))
        {
            if (!needed.ContainsKey(digest))
            {
                needed.Add(digest, await releases.Get(digest));
            }
        }

        return needed;
    }

    // One control plane of a cluster is enough; twice would do no harm.
    private Task<bool> IsMine() => leases.Take("rest", _owner, options.RestInterval * 3);

    [LoggerMessage(3114, LogLevel.Debug, "{Release} is needed, and may rest when it is not.")]
    private static partial void Watches(ILogger logger, string release);

    [LoggerMessage(3110, LogLevel.Information, "Replica {Replica} of {Release} rests: no alias needs it.")]
    private static partial void Rests(ILogger logger, Uri replica, string release);

    [LoggerMessage(3111, LogLevel.Warning, "Replica {Replica} of {Release} is not needed and does not rest: {Reason}")]
    private static partial void NotResting(ILogger logger, Uri replica, string release, string reason);

    [LoggerMessage(3112, LogLevel.Error, "{Release} is needed again and not ready: {Reason}")]
    private static partial void NotAwake(ILogger logger, string release, string reason);

    [LoggerMessage(3113, LogLevel.Warning, "Which releases are needed could not be seen: {Reason}")]
    private static partial void NotSeen(ILogger logger, string reason);
}
