using System.Globalization;
using Backstop.Control.Api;
using Microsoft.AspNetCore.Http;

namespace Backstop.Control.Mlflow;

/// <summary>Searches.</summary>
internal static partial class MlflowEndpoints
{
    private const int MostPerPage = 1000;
    private const int UsualPage = 100;
    private static readonly string[] ModelAttributes = ["name", "creation_timestamp", "last_updated_timestamp"];
    private static readonly string[] VersionAttributes = ["name", "version_number", "creation_timestamp", "last_updated_timestamp", "run_id", "source_path"];

    private static async Task<IResult> SearchModels(HttpContext http, ModelViews views)
    {
        object? Value(RegisteredModelView model, string attribute) => attribute switch
        {
            "name" => model.Name,
            "creation_timestamp" => model.CreationTimestamp,
            "last_updated_timestamp" => model.LastUpdatedTimestamp,
            _ => model.Tags.FirstOrDefault(t => "tags." + t.Key == attribute)?.Value,
        };
        var found = ModelSearch.Where((await views.Models(http)).OrderBy(m => m.Name, StringComparer.Ordinal), http.Request.Query["filter"], Value, ModelAttributes);
        var (page, next) = Page(ModelSearch.Order(found, http.Request.Query["order_by"], Value, ModelAttributes), http);
        return Ok(new { RegisteredModels = page, NextPageToken = next });
    }

    private static async Task<IResult> SearchVersions(HttpContext http, ModelViews views)
    {
        object? Value(ModelVersionView version, string attribute) => attribute switch
        {
            "name" => version.Name,
            "version_number" => Number(version.Version),
            "creation_timestamp" => version.CreationTimestamp,
            "last_updated_timestamp" => version.LastUpdatedTimestamp,
            "run_id" => version.RunId,
            "source_path" => version.Source,
            _ => version.Tags.FirstOrDefault(t => "tags." + t.Key == attribute)?.Value,
        };
        var all = new List<ModelVersionView>();
        foreach (var model in await views.Models(http))
        {
            all.AddRange(await views.Versions(model.Name, http));
        }

        var usual = all.OrderBy(v => v.Name, StringComparer.Ordinal).ThenByDescending(v => Number(v.Version));
        var found = ModelSearch.Where(usual, http.Request.Query["filter"], Value, VersionAttributes);
        var (page, next) = Page(ModelSearch.Order(found, http.Request.Query["order_by"], Value, VersionAttributes), http);
        return Ok(new { ModelVersions = page, NextPageToken = next });
    }

    private static (T[] Items, string Next) Page<T>(IEnumerable<T> items, HttpContext http)
    {
        var most = http.Request.Query["max_results"].ToString() is { Length: > 0 } asked
            ? int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
                ? Math.Min(number, MostPerPage)
                : throw RefusedException.Invalid($"'max_results' is '{asked}': use a number above 0.")
            : UsualPage;
        var start = http.Request.Query["page_token"].ToString() is { Length: > 0 } token
            ? int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? at : throw RefusedException.Invalid($"'{token}' is no page token of this registry.")
            : 0;
        T[] all = [.. items];
        return ([.. all.Skip(start).Take(most)], start + most < all.Length ? $"{start + most}" : "");
    }
}
