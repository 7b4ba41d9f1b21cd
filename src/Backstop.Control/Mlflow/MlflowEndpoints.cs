using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Control.Registry;
using Backstop.Core.Access;
using Backstop.Core.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Mlflow;

/// <summary>MLflow's model registry, as its clients call it: registered models and their versions. See docs/mlflow.md for what differs.</summary>
internal static partial class MlflowEndpoints
{
    public static void Map(IEndpointRouteBuilder mlflow)
    {
        mlflow.MapPost("/registered-models/create", CreateModel).Needs(Scope.Write);
        mlflow.MapGet("/registered-models/get", async (HttpContext http, ModelViews views) => Ok(new { RegisteredModel = await Model(Query(http, "name"), http, views) })).Needs(Scope.Read);
        mlflow.MapGet("/registered-models/search", SearchModels).Needs(Scope.Read);
        mlflow.MapPatch("/registered-models/update", async (HttpContext http, ModelNotes notes, ModelViews views) =>
            Ok(new { RegisteredModel = await Model(await ChangeModel(http, notes, Describing), http, views) })).Needs(Scope.Write);
        mlflow.MapPost("/registered-models/set-tag", async (HttpContext http, ModelNotes notes) =>
        {
            await ChangeModel(http, notes, Tagging);
            return Ok(new { });
        }).Needs(Scope.Write);
        mlflow.MapDelete("/registered-models/delete-tag", async (HttpContext http, ModelNotes notes) =>
        {
            await ChangeModel(http, notes, Untagging);
            return Ok(new { });
        }).Needs(Scope.Write);
        mlflow.MapGet("/registered-models/get-latest-versions", async (HttpContext http, ModelViews views) => await Latest(Query(http, "name"), http, views)).Needs(Scope.Read);
        mlflow.MapPost("/registered-models/get-latest-versions", async (HttpContext http, ModelViews views) =>
            await Latest(Needed(await StrictBody.Read<JsonElement>(http), "name"), http, views)).Needs(Scope.Read);

        mlflow.MapPost("/model-versions/create", CreateVersion).Needs(Scope.Write);
        mlflow.MapGet("/model-versions/get", async (HttpContext http, ModelViews views) =>
            Ok(new { ModelVersion = await Version((Query(http, "name"), Query(http, "version")), http, views) })).Needs(Scope.Read);
        mlflow.MapGet("/model-versions/get-download-uri", async (HttpContext http, ModelViews views) =>
            Ok(new { ArtifactUri = (await Version((Query(http, "name"), Query(http, "version")), http, views)).Source })).Needs(Scope.Read);
        mlflow.MapGet("/model-versions/search", SearchVersions).Needs(Scope.Read);
        mlflow.MapPatch("/model-versions/update", async (HttpContext http, ModelNotes notes, ReleaseStore releases, ModelViews views) =>
            Ok(new { ModelVersion = await Version(await ChangeVersion(http, notes, releases, Describing), http, views) })).Needs(Scope.Write);
        mlflow.MapPost("/model-versions/set-tag", async (HttpContext http, ModelNotes notes, ReleaseStore releases) =>
        {
            await ChangeVersion(http, notes, releases, Tagging);
            return Ok(new { });
        }).Needs(Scope.Write);
        mlflow.MapDelete("/model-versions/delete-tag", async (HttpContext http, ModelNotes notes, ReleaseStore releases) =>
        {
            await ChangeVersion(http, notes, releases, Untagging);
            return Ok(new { });
        }).Needs(Scope.Write);

        mlflow.MapGet("/registered-models/alias", async (HttpContext http, ModelViews views) => await ByAlias(Query(http, "name"), Query(http, "alias"), http, views)).Needs(Scope.Read);
        mlflow.MapPost("/registered-models/alias", SetAlias).Needs(Scope.Operate);

        const string immutable = "What was registered stays: releases never change, and one that serves or served must be found again.";
        Refuse(mlflow.MapDelete, "/registered-models/alias", "An alias that serves traffic is not deleted. Point it to another version, or stop calling it.", Scope.Operate);
        Refuse(mlflow.MapDelete, "/registered-models/delete", immutable, Scope.Write);
        Refuse(mlflow.MapPost, "/registered-models/rename", immutable, Scope.Write);
        Refuse(mlflow.MapDelete, "/model-versions/delete", immutable, Scope.Write);
        Refuse(mlflow.MapPost, "/model-versions/transition-stage", "There are no stages: MLflow itself gave them up for aliases. Set an alias.", Scope.Operate);
    }

    private static void Refuse(Func<string, Delegate, RouteHandlerBuilder> map, string path, string why, Scope scope) =>
        map(path, IResult () => throw MlflowErrors.Refused("FEATURE_DISABLED", why)).Needs(scope);

    private static async Task<RegisteredModelView> Model(string name, HttpContext http, ModelViews views) =>
        await views.Model(name, http) ?? throw RefusedException.Missing($"There is no registered model '{name}'.");

    private static async Task<ModelVersionView> Version((string Model, string Number) which, HttpContext http, ModelViews views) =>
        (await views.Versions(which.Model, http)).Find(v => Number(v.Version) == Number(which.Number))
        ?? throw RefusedException.Missing($"There is no version {which.Number} of the registered model '{which.Model}'.");

    private static long Number(string version) => long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
        ? number
        : throw RefusedException.Invalid($"'{version}' is no version: use a number above 0.");

    private static string ModelName(string name) => Names.IsValid(name)
        ? name
        : throw RefusedException.Invalid($"'{name}' is not a name: use 1 to 100 letters, digits, '.', '-' or '_', since aliases are called after it.");

    private static string Query(HttpContext http, string key) => http.Request.Query[key].ToString() is { Length: > 0 } value && !value.Contains('\0', StringComparison.Ordinal)
        ? value
        : throw Missing(key);

    private static string Needed(JsonElement body, string key) => Text(body, key) is { Length: > 0 } text ? text : throw Missing(key);

    private static RefusedException Missing(string key) => RefusedException.Invalid($"'{key}' is missing: this call needs it.");

    // Clients of some languages send a version as a number.
    private static string? Text(JsonElement body, string key) => body.ValueKind == JsonValueKind.Object && body.TryGetProperty(key, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.Null => null,
            _ => throw RefusedException.Invalid($"'{key}' must be a text."),
        }
        : null;

    private static ImmutableSortedDictionary<string, string> Tags(JsonElement body)
    {
        var tags = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (body.TryGetProperty("tags", out var list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (var tag in list.EnumerateArray())
            {
                tags[Needed(tag, "key")] = Text(tag, "value") ?? "";
            }
        }

        return tags.ToImmutable();
    }

    private static IResult Ok<T>(T value) => Results.Json(value, Store.StoreJson.Options);
}
