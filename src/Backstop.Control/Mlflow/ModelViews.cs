using System.Collections.Immutable;
using Backstop.Control.Api;
using Backstop.Control.Registry;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Mlflow;

// What MLflow's clients read. Members and their spelling are MLflow's.

internal sealed record KeyValue(string Key, string Value);

internal sealed record AliasOfModel(string Alias, string Version);

internal sealed record ModelVersionView(
    string Name,
    string Version,
    long CreationTimestamp,
    long LastUpdatedTimestamp,
    string CurrentStage,
    string Description,
    string Source,
    string RunId,
    string RunLink,
    string Status,
    KeyValue[] Tags,
    string[] Aliases);

internal sealed record RegisteredModelView(
    string Name, long CreationTimestamp, long LastUpdatedTimestamp, string Description, ModelVersionView[] LatestVersions, KeyValue[] Tags, AliasOfModel[] Aliases);

/// <summary>Puts together what is known of models: notes, releases, and the aliases that the caller may see.</summary>
internal sealed class ModelViews(ModelNotes notes, AliasStore aliases, ReleaseStore releases)
{
    /// <summary>A model; null when nothing is known of it.</summary>
    public async Task<RegisteredModelView?> Model(string model, HttpContext context) => View(model, await notes.Of(model), await Aliases(model, context));

    /// <summary>Every model that was created here or that an alias is called after.</summary>
    public async Task<List<RegisteredModelView>> Models(HttpContext context)
    {
        var named = (await aliases.All()).Where(a => Caller.Sees(context, a.Name)).Select(a => a.Name[..a.Name.IndexOf(':', StringComparison.Ordinal)]);
        var views = new List<RegisteredModelView>();
        foreach (var model in named.Concat(await notes.Models()).Distinct(StringComparer.Ordinal))
        {
            views.Add((await Model(model, context))!);
        }

        return views;
    }

    /// <summary>Every version of a model.</summary>
    public async Task<List<ModelVersionView>> Versions(string model, HttpContext context)
    {
        var named = await Aliases(model, context);
        return (await notes.Of(model)).Where(n => n.Version > 0).Select(n => View(n, named)).ToList();
    }

    /// <summary>The version that an alias of the model serves, with what it serves instead when that is no version; null when the caller sees no such alias.</summary>
    public async Task<(long? Version, string Release)?> Serving(string model, string alias, HttpContext context) =>
        Caller.Sees(context, $"{model}:{alias}") && await aliases.Find($"{model}:{alias}") is { } row && (await releases.Get(row.Current)).Name is var release
            ? (ModelNotes.VersionOf(model, release), release)
            : null;

    private static RegisteredModelView? View(string model, List<ModelNote> known, List<AliasOfModel> named)
    {
        if (known.Count == 0 && named.Count == 0)
        {
            return null;
        }

        var self = known.Find(n => n.Version == 0);
        var latest = known.LastOrDefault(n => n.Version > 0);
        return new(
            model,
            (self ?? known.FirstOrDefault())?.CreatedAt.ToUnixTimeMilliseconds() ?? 0,
            known.Select(n => n.UpdatedAt.ToUnixTimeMilliseconds()).DefaultIfEmpty().Max(),
            self?.Description ?? "",
            latest is null ? [] : [View(latest, named)],
            Tags(self),
            [.. named.Where(a => a.Version.Length > 0)]);
    }

    private static ModelVersionView View(ModelNote note, List<AliasOfModel> named) => new(
        note.Model,
        $"{note.Version}",
        note.CreatedAt.ToUnixTimeMilliseconds(),
        note.UpdatedAt.ToUnixTimeMilliseconds(),
        "None",
        note.Description,
        note.Source,
        note.RunId ?? "",
        note.RunLink ?? "",
        "READY",
        Tags(note),
        [.. named.Where(a => a.Version == $"{note.Version}").Select(a => a.Alias)]);

    private static KeyValue[] Tags(ModelNote? note) => [.. (note?.Tags ?? ImmutableSortedDictionary<string, string>.Empty).Select(t => new KeyValue(t.Key, t.Value))];

    /// <summary>The aliases of a model that the caller sees; without a version where one serves a release of another name.</summary>
    private async Task<List<AliasOfModel>> Aliases(string model, HttpContext context)
    {
        var named = new List<AliasOfModel>();
        foreach (var alias in (await aliases.All()).Where(a => a.Name.StartsWith(model + ":", StringComparison.Ordinal) && Caller.Sees(context, a.Name)))
        {
            var version = ModelNotes.VersionOf(model, (await releases.Get(alias.Current)).Name);
            named.Add(new(alias.Name[(model.Length + 1)..], version is null ? "" : $"{version}"));
        }

        return named;
    }
}
