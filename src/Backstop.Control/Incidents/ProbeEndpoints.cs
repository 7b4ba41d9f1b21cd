using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Core.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Incidents;

/// <summary>Takes what questions with known answers showed about an alias's releases.</summary>
/// <remarks>Nobody drew them by chance, so they never take a release back; a change of what they usually show opens an incident.</remarks>
internal static class ProbeEndpoints
{
    private const int Most = 100_000;

    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/aliases/{name}/probes", Take).Answers(StatusCodes.Status202Accepted)
        .WithSummary("Tell how the alias's current and previous release answered questions whose answers are known.").NeedsOnAlias(Scope.Write);

    private static async Task<Answer<ProbesTaken>> Take(string name, Body<ProbeResults> request, AliasQueries queries, IGrainFactory grains)
    {
        var body = await request.Read();
        await AliasEndpoints.View(queries, name);
        var sides = (ProbeCount[])[Checked(body.Current, "current"), Checked(body.Previous ?? new(0, 0), "previous")];
        await grains.GetGrain<IAliasGrain>(name).Probed([.. sides.Select(s => s.Asked)], [.. sides.Select(s => s.Failed)]);
        return ApiJson.Ok(new ProbesTaken(sides.Sum(s => s.Asked), sides.Sum(s => s.Failed)), StatusCodes.Status202Accepted);
    }

    private static ProbeCount Checked(ProbeCount count, string key) => count is { Asked: >= 0 and <= Most, Failed: >= 0 } && count.Failed <= count.Asked
        ? count
        : throw RefusedException.Invalid($"'{key}' says that {count.Failed} of {count.Asked} failed: 'asked' is 0 to {Most}, and 'failed' at most that.");
}

internal sealed record ProbeResults(ProbeCount Current, ProbeCount? Previous = null);

internal sealed record ProbeCount(int Asked, int Failed);

/// <summary>What was counted.</summary>
public sealed record ProbesTaken(int Asked, int Failed);
