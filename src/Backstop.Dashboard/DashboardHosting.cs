using Backstop.Control.Api;
using Backstop.Control.Hosting;
using Backstop.Control.Incidents;
using Backstop.Dashboard.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Dashboard;

/// <summary>Puts the pages into a host that runs the control plane.</summary>
/// <remarks>
/// They are rendered on the server and need no script: what an operator looks at in the middle of an incident must work in
/// any browser, over any tunnel, and cannot fall behind the server it shows.
/// </remarks>
public static class DashboardHosting
{
    private const int MostIncidents = 20;

    public static IServiceCollection AddDashboard(this IServiceCollection services)
    {
        services.AddRazorComponents();
        return services;
    }

    public static IEndpointRouteBuilder MapDashboard(this IEndpointRouteBuilder endpoints)
    {
        // What a page shows is read here and not while it is rendered: then a store that does not answer is a problem like any other.
        var pages = endpoints.MapGroup("").AddEndpointFilter<ProblemPages>().MapPages();
        pages.MapGet("/", async (AliasQueries queries, IncidentBook incidents) => new RazorComponentResult<Overview>(new
        {
            Aliases = await queries.Aliases(),
            Incidents = await Latest(incidents, queries),
        }));
        pages.MapGet("/incidents/{id}", async (string id, AliasQueries queries, IncidentBook incidents) => new RazorComponentResult<IncidentPage>(new
        {
            Id = id,
            Incident = await incidents.Find(id) is { } found ? await IncidentView.Of(found, queries) : null,
        }));
        return endpoints;
    }

    private static async Task<List<IncidentView>> Latest(IncidentBook incidents, AliasQueries queries)
    {
        var views = new List<IncidentView>();
        foreach (var incident in (await incidents.All(alias: null)).Take(MostIncidents))
        {
            views.Add(await IncidentView.Of(incident, queries));
        }

        return views;
    }
}
