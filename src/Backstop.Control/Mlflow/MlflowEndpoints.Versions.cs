using System.Text.Json;
using System.Text.Json.Nodes;
using Backstop.Control.Api;
using Backstop.Control.Registry;
using Backstop.Core.Registry;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Mlflow;

/// <summary>Versions: each is a release, once it says where it is served.</summary>
internal static partial class MlflowEndpoints
{
    /// <summary>The tag that makes a version a release: a manifest as JSON, without what MLflow knows itself.</summary>
    private const string ReleaseTag = "backstop.release";

    private static async Task<IResult> CreateVersion(HttpContext http, ModelNotes notes, ReleaseStore releases, ModelViews views)
    {
        var body = await StrictBody.Read<JsonElement>(http);
        var name = ModelName(Needed(body, "name"));
        await Model(name, http, views);
        var (source, tags) = (Needed(body, "source"), Tags(body));
        var made = await notes.CreateVersion(
            name,
            note => Checked(note with
            {
                Source = source,
                RunId = Text(body, "run_id"),
                RunLink = Text(body, "run_link"),
                Description = Text(body, "description") ?? "",
                Tags = tags,
            }),
            Caller.Of(http));
        await Register(made, releases, Caller.Of(http));
        return Ok(new { ModelVersion = await Version((name, $"{made.Version}"), http, views) });
    }

    /// <returns>The version that was changed.</returns>
    private static async Task<(string Model, string Number)> ChangeVersion(
        HttpContext http, ModelNotes notes, ReleaseStore releases, Func<JsonElement, Func<ModelNote, ModelNote>> read)
    {
        var body = await StrictBody.Read<JsonElement>(http);
        var (name, number, change) = (Needed(body, "name"), Needed(body, "version"), read(body));
        var changed = await notes.Change(name, Number(number), note => Checked(change(note)), Caller.Of(http))
            ?? throw RefusedException.Missing($"There is no version {number} of '{name}' that was created here.");
        await Register(changed, releases, Caller.Of(http));
        return (name, number);
    }

    // Before it is written: a version that could never be a release must not be half of one.
    private static ModelNote Checked(ModelNote note)
    {
        ReleaseOf(note);
        return note;
    }

    // After it is written, and again whenever the version is: the same release is registered once.
    private static async Task Register(ModelNote note, ReleaseStore releases, string actor)
    {
        if (ReleaseOf(note) is { } release && await releases.Register(release, actor) is RegisterResult.NameTaken)
        {
            throw RefusedException.Conflict($"'{release.Name}' is another release already; releases never change. Create a new version.");
        }
    }

    /// <summary>The release that a version is, once it says where it is served; null before.</summary>
    private static Release? ReleaseOf(ModelNote note)
    {
        if (note.Version == 0 || !note.Tags.TryGetValue(ReleaseTag, out var tag))
        {
            return null;
        }

        JsonObject manifest;
        try
        {
            manifest = JsonNode.Parse(tag, documentOptions: new() { AllowDuplicateProperties = false }) as JsonObject ?? throw new JsonException("it is no object");
        }
        catch (JsonException e)
        {
            throw RefusedException.Invalid($"The tag '{ReleaseTag}' must hold a manifest as JSON: {e.Message}");
        }

        manifest.TryAdd("model", new JsonObject { ["name"] = note.Model, ["version"] = $"{note.Version}", ["source"] = note.Source });
        if (note.RunId is { Length: > 0 } run)
        {
            manifest.TryAdd("lineage", new JsonObject { ["training_run"] = run });
        }

        return Release.Parse(ModelNotes.ReleaseName(note.Model, note.Version), manifest.ToJsonString()) switch
        {
            ReleaseResult.Parsed parsed => parsed.Release,
            ReleaseResult.Invalid invalid => throw RefusedException.Invalid($"The tag '{ReleaseTag}': {invalid.Error}"),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
