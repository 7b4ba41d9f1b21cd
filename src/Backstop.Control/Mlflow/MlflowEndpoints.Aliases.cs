using System.Text.Json;
using Backstop.Control.Api;
using Backstop.Control.Fleet;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Core.Access;
using Backstop.Core.Registry;
using Backstop.Core.Text;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Mlflow;

/// <summary>Aliases: MLflow's alias prod of the model assistant is assistant:prod.</summary>
internal static partial class MlflowEndpoints
{
    private static async Task<IResult> ByAlias(string name, string alias, HttpContext http, ModelViews views) => await views.Serving(name, alias, http) switch
    {
        { Version: { } version } => Ok(new { ModelVersion = await Version((name, $"{version}"), http, views) }),
        { Release: var release } => throw RefusedException.Missing(
            $"'{name}:{alias}' serves the release '{release}', which is no version of '{name}': versions are the releases called {name}-1, {name}-2 and so on."),
        null => throw RefusedException.Missing($"There is no alias '{alias}' of '{name}'."),
    };

    private static async Task<IResult> SetAlias(HttpContext http, AliasStore aliases, ReleaseStore releases, Publisher publisher, IGrainFactory grains, ModelViews views)
    {
        var body = await StrictBody.Read<JsonElement>(http);
        var (model, word, text) = (Needed(body, "name"), Needed(body, "alias"), Needed(body, "version"));
        var alias = $"{model}:{word}";
        if (!Names.IsAlias(alias) || word == "latest" || (word[0] is 'v' or 'V' && word.Length > 1 && word.Skip(1).All(char.IsAsciiDigit)))
        {
            throw RefusedException.Invalid($"'{word}' is no alias: use letters, digits, '.', '-' or '_', and neither 'latest' nor a version such as 'v3'.");
        }

        Caller.MustReach(http, Scope.Operate, alias);
        await Version((model, text), http, views);
        var release = await releases.Find(ModelNotes.ReleaseName(model, Number(text))) ?? throw RefusedException.Invalid(
            $"Version {text} of '{model}' does not say where it is served: set its tag '{ReleaseTag}' to a manifest such as " +
            """{"serving":{"model":"m","replicas":["http://10.0.0.7:8000"]}}.""");
        await Point(alias, release.Release, http, aliases, publisher, grains);
        return Ok(new { });
    }

    private static async Task Point(string alias, Release release, HttpContext http, AliasStore aliases, Publisher publisher, IGrainFactory grains)
    {
        const string reason = "set through MLflow";
        if (await aliases.Find(alias) is not { } there)
        {
            Caller.MustReach(http, Scope.Write, alias);
            var made = AliasEndpoints.NewRecord(alias, release.Digest);
            if (await aliases.Create(made, new("alias_created", Caller.Of(http), reason)) is not CommitResult.Stale)
            {
                await publisher.Publish(made);
                return;
            }

            there = (await aliases.Find(alias))!;
        }

        // MLflow's clients set an alias again without harm, and know no generations: the one that is read here is what they mean.
        if (there.Current != release.Digest)
        {
            AliasEndpoints.Check(await grains.GetGrain<IAliasGrain>(alias).Swap(release.Digest, there.Generation, noWayBack: null, withoutGates: null, reason, Caller.Of(http)));
        }
    }
}
