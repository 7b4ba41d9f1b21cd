using Backstop.Control.Hosting;
using Backstop.Dashboard.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Dashboard;

/// <summary>Puts the pages into a host that runs the control plane.</summary>
/// <remarks>
/// They are rendered on the server and hold no script: what an operator looks at in the middle of an incident must work in
/// any browser, over any tunnel, and cannot fall behind the server it shows.
/// </remarks>
public static class DashboardHosting
{
    public static IServiceCollection AddDashboard(this IServiceCollection services)
    {
        services.AddRazorComponents();
        return services;
    }

    public static IEndpointRouteBuilder MapDashboard(this IEndpointRouteBuilder endpoints)
    {
        var pages = endpoints.MapPages();
        pages.MapGet("/", () => new RazorComponentResult<Overview>());
        pages.MapGet("/incidents/{id}", (string id) => new RazorComponentResult<IncidentPage>(new { Id = id }));
        return endpoints;
    }
}
