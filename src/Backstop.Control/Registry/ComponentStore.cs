using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Registry;

/// <summary>The components. A version never changes; the same content under one name is always the same version.</summary>
public sealed class ComponentStore(DurableStore store, TimeProvider clock)
{
    /// <summary>Registers content under a name: as its next version, or as the one that has this content already.</summary>
    /// <param name="kind">Which part of a release it is.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="content">Canonical JSON.</param>
    /// <param name="lineage">Where it came from, as canonical JSON; kept with the version when it is new.</param>
    /// <param name="actor">Who registers it.</param>
    /// <returns>The version, and whether it is new.</returns>
    public Task<(RegisteredComponent Component, bool IsNew)> Register(string kind, string name, string content, string? lineage, string actor) =>
        store.Write(async context =>
        {
            // The name is held first, so that two writers do not give one number to two contents.
            await Journal.Hold(context);
            var digest = CanonicalJson.Digest(content);
            if (await context.Components.AsNoTracking().SingleOrDefaultAsync(c => c.Kind == kind && c.Name == name && c.Digest == digest) is { } there)
            {
                return ((Read(there), false), false);
            }

            var now = clock.GetUtcNow();
            var last = await context.Components.Where(c => c.Kind == kind && c.Name == name).MaxAsync(c => (int?)c.Version) ?? 0;
            var row = new ComponentRow
            {
                Kind = kind, Name = name, Version = last + 1, Digest = digest, Content = content, Lineage = lineage, CreatedAt = now,
            };
            context.Components.Add(row);
            var draft = new JournalDraft("component_registered", actor, $"registered {kind} {name}@{row.Version}");
            await Journal.Append(context, now, draft, alias: null, generation: null, before: null, digest);
            return ((Read(row), true), true);
        });

    /// <summary>A version, or null. Version 0 is the newest.</summary>
    public Task<RegisteredComponent?> Find(string kind, string name, int version) => store.Read(async context =>
        await context.Components.Where(c => c.Kind == kind && c.Name == name && (version == 0 || c.Version == version))
            .OrderByDescending(c => c.Version).FirstOrDefaultAsync() is { } row ? Read(row) : null);

    /// <summary>Those of a list that there are.</summary>
    public async Task<IReadOnlyCollection<Component>> Find(IEnumerable<ComponentRef> wanted)
    {
        var found = await Task.WhenAll(wanted.Select(r => Find(r.Kind, r.Name, r.Version)));
        return [.. found.OfType<RegisteredComponent>().Select(c => c.Component)];
    }

    /// <summary>Versions without their content, in the order of kind, name and version.</summary>
    /// <param name="kind">Only of this kind; null for all.</param>
    /// <param name="name">Only of this name; null for all.</param>
    /// <param name="after">The one they follow; null for the first.</param>
    /// <param name="limit">At most so many.</param>
    public Task<List<ListedComponent>> Page(string? kind, string? name, ComponentRef? after, int limit) => store.Read(async context =>
    {
        var rows = context.Components.Where(c => (kind == null || c.Kind == kind) && (name == null || c.Name == name));
        if (after is not null)
        {
            // It begins with the key's first column, so that the index is entered where the page begins.
            rows = rows.Where(c => string.Compare(c.Kind, after.Kind) >= 0 && (string.Compare(c.Kind, after.Kind) > 0
                || string.Compare(c.Name, after.Name) > 0 || (c.Name == after.Name && c.Version > after.Version)));
        }

        return await rows.OrderBy(c => c.Kind).ThenBy(c => c.Name).ThenBy(c => c.Version).Take(limit)
            .Select(c => new ListedComponent(c.Kind, c.Name, c.Version, c.Digest, c.CreatedAt)).ToListAsync();
    });

    private static RegisteredComponent Read(ComponentRow row)
    {
        var component = new Component(new(row.Kind, row.Name, row.Version), row.Content);
        return component.Digest == row.Digest
            ? new(component, row.Lineage, row.CreatedAt)
            : throw new InvalidDataException($"{row.Kind} {component.Ref} was changed in the store: its content no longer has the digest {row.Digest}.");
    }
}

/// <summary>A version of a component.</summary>
/// <param name="Lineage">Where it came from, as canonical JSON, or null.</param>
/// <param name="CreatedAt">Since when it is known.</param>
public sealed record RegisteredComponent(Component Component, string? Lineage, DateTimeOffset CreatedAt);

/// <summary>A version of a component as lists show it.</summary>
public sealed record ListedComponent(string Kind, string Name, int Version, string Digest, DateTimeOffset CreatedAt);
