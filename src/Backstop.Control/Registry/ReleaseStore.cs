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

    /// <summary>Releases without their content, oldest first.</summary>
    /// <param name="after">The name of the one they follow, or null for the first.</param>
    /// <param name="limit">At most so many.</param>
    /// <returns>The releases; null when there is none called <paramref name="after"/>.</returns>
    public Task<List<ListedRelease>?> Page(string? after, int limit) => store.Read<List<ListedRelease>?>(async context =>
    {
        IQueryable<ReleaseRow> rows = context.Releases;
        if (after is not null)
        {
            if (await context.Releases.SingleOrDefaultAsync(r => r.Name == after) is not { } last)
            {
                return null;
            }

            // Both conditions begin with the time, so that the index is entered where the page begins, however deep that is.
            rows = rows.Where(r => r.CreatedAt >= last.CreatedAt && (r.CreatedAt > last.CreatedAt || string.Compare(r.Name, last.Name) > 0));
        }

        return await rows.OrderBy(r => r.CreatedAt).ThenBy(r => r.Name).Take(limit)
            .Select(r => new ListedRelease(r.Name, r.Digest, r.CreatedAt)).ToListAsync();
    });

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

/// <summary>A release as lists show it.</summary>
public sealed record ListedRelease(string Name, string Digest, DateTimeOffset CreatedAt);

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
