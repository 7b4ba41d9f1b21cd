using Backstop.Dashboard.Pages;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Backstop.Dashboard;

/// <summary>Tells a person on a page why there is no other, where a program gets problem details.</summary>
internal sealed class ProblemPages : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var answer = await next(context);
        return answer is ProblemHttpResult problem && context.HttpContext.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal)
            ? new RazorComponentResult<ProblemPage>(new { problem.ProblemDetails }) { StatusCode = problem.StatusCode }
            : answer;
    }
}
