using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Notifications;

/// <summary>Who is told of incidents, and whether they can be reached.</summary>
internal static class NotificationEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/notifications", (ControlOptions options) => ApiJson.Ok(options.Receivers.Select(to => new ReceiverView(
            to.Name, to.Channel.ToString().ToLowerInvariant(), to.Least.ToString().ToLowerInvariant(), [.. to.Aliases])).ToArray()))
            .WithSummary("List who is told of incidents.").Needs(Scope.Read, Access.Reach.Everything);
        api.MapPost("/notifications/test", Test).WithSummary("Send a test to everybody who is told of incidents, or to one.").Needs(Scope.Operate, Access.Reach.Everything);
    }

    private static async Task<Answer<TestView[]>> Test(Body<TestRequest> request, HttpContext context, Notifier notifier)
    {
        var body = await request.Read();
        var results = await notifier.Test(body.To, context.RequestAborted);
        return results.Count > 0
            ? ApiJson.Ok(results.Select(r => new TestView(r.To.Name, r.Delivery.Done, r.Delivery.Why)).ToArray())
            : throw RefusedException.Missing(body.To is { } name ? $"Nobody is called '{name}'. List them with GET /api/v1/notifications." : "Nobody is told of incidents: start the server with --notify FILE.");
    }

    private sealed record TestRequest(string? To = null);
}

/// <summary>Somebody who is told of incidents. Where to is not shown: for some the address is the secret.</summary>
public sealed record ReceiverView(string Name, string To, string Least, string[] Aliases);

/// <summary>Whether a test arrived.</summary>
public sealed record TestView(string Name, bool Arrived, string? Why);
