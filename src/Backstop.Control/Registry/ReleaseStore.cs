using System.Collections.Concurrent;
using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Registry;

/// <summary>The releases. They never change, so what was read once is kept.</summary>
public sealed class ReleaseStore(DurableStore store, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, RegisteredRelease> _byDigest = new(StringComparer.Ordinal);

    /// <summary>Registers a release. The same content under the same name again is no change.</summary>
    public Task<RegisterResult> Register(Release release, string actor) => store.Write<RegisterResult>(async context =>
    {
        if (await context.Releases.AsNoTracking().SingleOrDefaultAsync(r => r.Name == release.Name) is { } there)
        {
            return (there.Digest == release.Digest
                ? new RegisterResult.Known(Read(there))
                : new RegisterResult.NameTaken(there.Digest), false);
        }

        var now = clock.GetUtcNow();
        var row = new ReleaseRow { Name = release.Name, Digest = release.Digest, Manifest = release.Manifest, CreatedAt = now };
        context.Releases.Add(row);
        await Journal.Append(
            context, now, new("release_registered", actor, $"registered {release.Name}"), alias: null, generation: null, before: null, release.Digest);
        return (new RegisterResult.Registered(Read(row)), true);
    });

    /// <summary>Every release, oldest first.</summary>
    public Task<List<RegisteredRelease>> All() => store.Read(async context =>
        (await context.Releases.OrderBy(r => r.CreatedAt).ThenBy(r => r.Name).ToListAsync()).ConvertAll(Read));

    /// <summary>The release of a name or of a digest, or null.</summary>
    public async Task<RegisteredRelease?> Find(string nameOrDigest)
    {
        if (_byDigest.TryGetValue(nameOrDigest, out var known))
        {
            return known;
        }

        var row = await store.Read(context => context.Releases.Where(r => r.Name == nameOrDigest || r.Digest == nameOrDigest)
            .OrderBy(r => r.CreatedAt).FirstOrDefaultAsync());
        if (row is null)
        {
            return null;
        }

        var release = Read(row);
        return nameOrDigest == row.Digest ? _byDigest.GetOrAdd(row.Digest, release) : release;
    }

    /// <summary>The release of a digest that an alias names.</summary>
    /// <exception cref="InvalidDataException">The registry has lost it.</exception>
    public async Task<Release> Get(string digest) =>
        (await Find(digest))?.Release ?? throw new InvalidDataException($"The registry has no release {digest}, though an alias names it.");

    private static RegisteredRelease Read(ReleaseRow row) => Release.Parse(row.Name, row.Manifest) switch
    {
        ReleaseResult.Parsed { Release: var release } when release.Digest == row.Digest => new(release, row.CreatedAt),
        _ => throw new InvalidDataException($"Release {row.Name} was changed in the store: its content no longer has the digest {row.Digest}."),
    };
}

/// <summary>A release and since when it is known.</summary>
public sealed record RegisteredRelease(Release Release, DateTimeOffset CreatedAt);

/// <summary>What became of a registration.</summary>
public abstract record RegisterResult
{
    private RegisterResult()
    {
    }

    /// <summary>It is new.</summary>
    public sealed record Registered(RegisteredRelease Release) : RegisterResult;

    /// <summary>The same content was registered under this name before.</summary>
    public sealed record Known(RegisteredRelease Release) : RegisterResult;

    /// <summary>The name belongs to other content; a release never changes.</summary>
    public sealed record NameTaken(string Digest) : RegisterResult;
}
