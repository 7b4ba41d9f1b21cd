using System.Text.Json;
using Backstop.Control.Api;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Mlflow;

/// <summary>Registered models.</summary>
internal static partial class MlflowEndpoints
{
    private static async Task<IResult> CreateModel(HttpContext http, ModelNotes notes, ModelViews views)
    {
        var body = await StrictBody.Read<JsonElement>(http);
        var name = ModelName(Needed(body, "name"));
        return await notes.Create(name, note => note with { Description = Text(body, "description") ?? "", Tags = Tags(body) }, Caller.Of(http))
            ? Ok(new { RegisteredModel = await Model(name, http, views) })
            : throw MlflowErrors.Refused("RESOURCE_ALREADY_EXISTS", $"There is a registered model '{name}' already.");
    }

    /// <returns>The name of the model that was changed.</returns>
    private static async Task<string> ChangeModel(HttpContext http, ModelNotes notes, Func<JsonElement, Func<ModelNote, ModelNote>> read)
    {
        var body = await StrictBody.Read<JsonElement>(http);
        var name = Needed(body, "name");
        return await notes.Change(name, 0, read(body), Caller.Of(http)) is not null
            ? name
            : throw RefusedException.Missing($"There is no registered model '{name}' that was created here.");
    }

    private static Func<ModelNote, ModelNote> Describing(JsonElement body)
    {
        var description = Text(body, "description");
        return note => note with { Description = description ?? note.Description };
    }

    private static Func<ModelNote, ModelNote> Tagging(JsonElement body)
    {
        var (key, value) = (Needed(body, "key"), Text(body, "value") ?? "");
        return note => key == ReleaseTag && note.Tags.TryGetValue(key, out var there) && there != value
            ? throw RefusedException.Invalid($"'{ReleaseTag}' is set, and a release never changes. Create a new version.")
            : note with { Tags = note.Tags.SetItem(key, value) };
    }

    private static Func<ModelNote, ModelNote> Untagging(JsonElement body)
    {
        var key = Needed(body, "key");
        return key == ReleaseTag
            ? throw RefusedException.Invalid($"'{ReleaseTag}' stays: a release never changes.")
            : note => note with { Tags = note.Tags.Remove(key) };
    }

    private static async Task<IResult> Latest(string name, HttpContext http, ModelViews views) => Ok(new { ModelVersions = (await Model(name, http, views)).LatestVersions });
}
