using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Mlflow;

/// <summary>What MLflow keeps of a registered model or of a version of it, besides the release: it may change, and decides nothing.</summary>
/// <param name="Version">The number of the version; 0 is the model itself.</param>
internal sealed record ModelNote(string Model, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public string Description { get; init; } = "";

    public ImmutableSortedDictionary<string, string> Tags { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    public string Source { get; init; } = "";

    public string? RunId { get; init; }

    public string? RunLink { get; init; }
}

/// <summary>The notes, and which releases are versions of a model: those called <c>MODEL-NUMBER</c>.</summary>
internal sealed class ModelNotes(DurableStore store, TimeProvider clock)
{
    /// <summary>The name of a version as a release.</summary>
    public static string ReleaseName(string model, long version) => $"{model}-{version}";

    /// <summary>The number in the name of a release; null when it is no version of this model.</summary>
    public static long? VersionOf(string model, string release) =>
        release.StartsWith(model + "-", StringComparison.Ordinal) && long.TryParse(release.AsSpan(model.Length + 1), out var version) && version > 0
            && release == ReleaseName(model, version) ? version : null;

    /// <summary>Everything known of a model: itself first if it was created here, then its versions, those that are releases only among them.</summary>
    public Task<List<ModelNote>> Of(string model) => store.Read(context => Of(context, model));

    /// <summary>The models that were created here or have a version that was.</summary>
    public Task<List<string>> Models() => store.Read(context => context.ModelNotes.Select(n => n.Model).Distinct().OrderBy(m => m).ToListAsync());

    /// <summary>Makes a model; false when there is one.</summary>
    public Task<bool> Create(string model, Func<ModelNote, ModelNote> fill, string actor) => store.Write(async context =>
    {
        if (await context.ModelNotes.AnyAsync(n => n.Model == model && n.Version == 0))
        {
            return (false, false);
        }

        await Add(context, fill(New(model, 0)), actor, $"registered model {model}");
        return (true, true);
    });

    /// <summary>Makes the next version of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="fill">Says what is known of it.</param>
    /// <param name="actor">Who asks.</param>
    public Task<ModelNote> CreateVersion(string model, Func<ModelNote, ModelNote> fill, string actor) => store.Write(async context =>
    {
        // Two at once must not get one number: the journal lets one in after the other.
        await Journal.Hold(context);
        var note = fill(New(model, (await Of(context, model)).Select(n => n.Version).DefaultIfEmpty().Max() + 1));
        await Add(context, note, actor, $"version {note.Version} of {model}");
        return (note, true);
    });

    /// <summary>Changes what is known of a model or a version; null when there is none, or it is known as a release only.</summary>
    public Task<ModelNote?> Change(string model, long version, Func<ModelNote, ModelNote> change, string actor) => store.Write<ModelNote?>(async context =>
    {
        await Journal.Hold(context);
        if (await context.ModelNotes.SingleOrDefaultAsync(n => n.Model == model && n.Version == version) is not { } row)
        {
            return (null, false);
        }

        var before = row.Record;
        var note = change(StoreJson.Read<ModelNote>(before)) with { UpdatedAt = clock.GetUtcNow() };
        row.Record = StoreJson.Write(note);
        var draft = new JournalDraft("model_changed", actor, version == 0 ? $"model {model}" : $"version {version} of {model}");
        await Journal.Append(context, note.UpdatedAt, draft, alias: null, generation: null, before, row.Record);
        return (note, true);
    });

    private static async Task<List<ModelNote>> Of(StoreContext context, string model)
    {
        var notes = (await context.ModelNotes.AsNoTracking().Where(n => n.Model == model).ToListAsync()).ConvertAll(n => StoreJson.Read<ModelNote>(n.Record));
        var start = model + "-";
        var releases = await context.Releases.AsNoTracking().Where(r => r.Name.StartsWith(start)).Select(r => new { r.Name, r.CreatedAt, r.Manifest }).ToListAsync();
        notes.AddRange(
            from release in releases
            let version = VersionOf(model, release.Name)
            where version is not null && notes.All(n => n.Version != version)
            select new ModelNote(model, version.Value, release.CreatedAt, release.CreatedAt) { Source = SourceOf(release.Manifest) });
        return [.. notes.OrderBy(n => n.Version)];
    }

    private static string SourceOf(string manifest) => (JsonNode.Parse(manifest)?["model"] as JsonObject)?["source"] is JsonValue value && value.TryGetValue<string>(out var source) ? source : "";

    private static Task<long> Add(StoreContext context, ModelNote note, string actor, string what)
    {
        var record = StoreJson.Write(note);
        context.ModelNotes.Add(new() { Model = note.Model, Version = note.Version, Record = record });
        return Journal.Append(context, note.CreatedAt, new("model_created", actor, what), alias: null, generation: null, before: null, record);
    }

    private ModelNote New(string model, long version) => new(model, version, clock.GetUtcNow(), clock.GetUtcNow());
}
