using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Control.Registry;
using Backstop.Core.Access;
using Backstop.Core.Gates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backstop.Control.Gates;

/// <summary>Results of suites of files, as evidence on the release they were asked of.</summary>
internal static class SuiteResultEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/releases/{name}/gate-results", Record).Answers(StatusCodes.Status201Created)
            .WithSummary("Keep what a suite of files found about a release. The verdict is drawn from the counts.").Needs(Scope.Write);
        api.MapGet("/releases/{name}/gate-results", async (string name, ReleaseStore releases, SuiteResultStore results) =>
            ApiJson.Ok((await results.Of((await ReleaseEndpoints.Find(releases, name)).Release.Digest)).ConvertAll(SuiteResultView.Of)))
            .WithSummary("List the last result of each suite on a release.").Needs(Scope.Read);
    }

    private static async Task<Answer<SuiteResultView>> Record(
        string name, Body<SuiteResultRequest> request, HttpContext context, ReleaseStore releases, SuiteResultStore results, TimeProvider clock)
    {
        var body = await request.Read();
        var release = (await ReleaseEndpoints.Find(releases, name)).Release;
        if (body.ReleaseDigest != release.Digest)
        {
            throw RefusedException.Conflict($"The suite was asked of {body.ReleaseDigest}, and {release.Name} is {release.Digest}: register what was tested, or test what is registered.");
        }

        var result = body.ToResult(release.Digest, clock.GetUtcNow(), Caller.Of(context));
        await results.Save(result, release.Name);
        return ApiJson.Ok(SuiteResultView.Of(result), StatusCodes.Status201Created);
    }
}

/// <summary>A result as it is told.</summary>
/// <param name="Gate">The suite's id.</param>
/// <param name="GateDigest">SHA-256 of its files.</param>
/// <param name="ReleaseDigest">What was asked, by content: a name may mean another release elsewhere.</param>
/// <param name="Runs">Answers of the whole run.</param>
/// <param name="Failures">Those that failed.</param>
/// <param name="Errors">Those of which nobody knows.</param>
/// <param name="FailIfMoreThan">The limit.</param>
internal sealed record SuiteResultRequest(
    string Gate,
    string GateDigest,
    string ReleaseDigest,
    int Runs,
    int Failures,
    int Errors,
    int FailIfMoreThan,
    double? Power = null,
    double? FalseBlock = null,
    PairedRequest? Paired = null)
{
    /// <exception cref="RefusedException">A value is out of range; the text names it.</exception>
    public SuiteResult ToResult(string release, DateTimeOffset at, string actor)
    {
        var wrong = !SuiteNames.IsId(Gate) ? SuiteNames.Wrong("gate", Gate)
            : !SuiteNames.IsDigest(GateDigest) ? SuiteNames.WrongDigest("gate_digest", GateDigest)
            : Runs < 1 || Failures < 0 || Errors < 0 || Failures > Runs || Errors > Runs - Failures
                ? $"{Failures} failures and {Errors} errors in {Runs} runs cannot be: all are counts, and both together at most the runs."
            : FailIfMoreThan < 0 || FailIfMoreThan >= Runs ? $"'fail_if_more_than' is {FailIfMoreThan} of {Runs} answers: a gate that nothing can fail is none."
            : Power is < 0 or > 1 || FalseBlock is < 0 or > 1 ? "'power' and 'false_block' are probabilities, 0 to 1."
            : Paired is { } p && (!SuiteNames.IsDigest(p.Against) || p.Worse < 0 || p.Better < 0 || p.Unknown < 0 || (long)p.Worse + p.Better + p.Unknown > Runs || !(p.WorseIfBelow is > 0 and <= 0.5))
                ? $"'paired' names the digest it is against, counts of cases, together at most {Runs}, and 'worse_if_below', above 0 to 0.5."
            : null;
        return wrong is not null
            ? throw RefusedException.Invalid(wrong)
            : new()
            {
                Gate = Gate,
                GateDigest = GateDigest,
                Release = release,
                Counts = new(Runs, Failures, Errors),
                FailIfMoreThan = FailIfMoreThan,
                Power = Power,
                FalseBlock = FalseBlock,
                Against = Paired?.Against,
                Paired = Paired is { } paired ? new(paired.Worse, paired.Better) { Unknown = paired.Unknown } : null,
                WorseIfBelow = Paired?.WorseIfBelow ?? 0.01,
                At = at,
                Actor = actor,
            };
    }
}

/// <summary>A comparison with another release as it is told.</summary>
/// <param name="Against">Digest of that release.</param>
internal sealed record PairedRequest(string Against, int Worse, int Better, int Unknown, double WorseIfBelow);

/// <summary>A result as the API shows it.</summary>
public sealed record SuiteResultView(
    string Gate, string GateDigest, string Verdict, int Runs, int Failures, int Errors, int FailIfMoreThan, double? Power, double? FalseBlock, string? Against, int? Worse, int? Better, DateTimeOffset At, string Actor)
{
    /// <summary>The view of a result.</summary>
    public static SuiteResultView Of(SuiteResult result) => new(
        result.Gate,
        result.GateDigest,
        result.Verdict.ToString().ToLowerInvariant(),
        result.Counts.Runs,
        result.Counts.Failures,
        result.Counts.Errors,
        result.FailIfMoreThan,
        result.Power,
        result.FalseBlock,
        result.Against,
        result.Paired?.Worse,
        result.Paired?.Better,
        result.At,
        result.Actor);
}
