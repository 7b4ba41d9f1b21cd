using System.Globalization;
using Backstop.Control.Access;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Api;

/// <summary>The journal: read and check.</summary>
internal static class JournalEndpoints
{
    private const int LongestPage = 1000;

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/journal", async (long? after, int? limit, HttpContext context, AliasQueries queries) =>
        {
            var most = Math.Clamp(limit ?? 100, 1, LongestPage);
            var entries = await queries.Journal(after ?? 0, most, alias: null);
            PageLink.Add(context, entries.Count, most, entries.LastOrDefault()?.Sequence.ToString(CultureInfo.InvariantCulture));
            return ApiJson.Ok(entries);
        }).WithSummary("List every decision, oldest first.").Needs(Scope.Read, Reach.Everything);
        api.MapGet("/journal/check", async (AliasQueries queries) => ApiJson.Ok(await queries.VerifyJournal())).WithSummary("Check that nobody tampered with the journal.").Needs(Scope.Read, Reach.Everything);
    }
}
