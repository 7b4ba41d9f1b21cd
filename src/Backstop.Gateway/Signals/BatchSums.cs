using Backstop.Core.Evidence;
using Backstop.Core.Inputs;
using Backstop.Protocol;
using InputCount = Backstop.Core.Inputs.InputCount;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Signals;

/// <summary>What a gateway counts for its next batch beside epochs. Not thread-safe.</summary>
internal sealed class BatchSums
{
    private const int MaxSamplesPerGeneration = 50;

    private readonly Dictionary<(string Alias, string Release), Started> _started = [];
    private readonly Dictionary<(string Alias, long Generation, string Release), ShadowComparison> _shadows = [];
    private readonly Dictionary<(string Alias, long Generation), int> _sampled = [];
    private readonly List<Sample> _samples = [];
    private readonly Dictionary<(string Alias, long Bucket), InputTally> _inputs = [];

    public BaselineUnits BaselineUnits { get; } = new();

    /// <summary>A request is about to be sent to a release.</summary>
    public void Started(string alias, string release, long nowMs)
    {
        if (!_started.TryGetValue((alias, release), out var started))
        {
            _started[(alias, release)] = started = new() { Alias = alias, Release = release, FirstMs = nowMs };
        }

        started.Count++;
        started.LastMs = nowMs;
    }

    /// <summary>What requests of an alias bring with them now.</summary>
    public InputTally InputsOf(string alias, DateTimeOffset now)
    {
        var key = (alias, InputCount.BucketOf(now));
        if (!_inputs.TryGetValue(key, out var tally))
        {
            _inputs[key] = tally = new();
        }

        return tally;
    }

    /// <summary>Copies of requests were answered.</summary>
    public void Shadowed(Route route, ShadowComparison seen)
    {
        var sum = ShadowsOf(route, seen.Release);
        sum.Copies += seen.Copies;
        sum.Failed += seen.Failed;
        sum.SameVerdict += seen.SameVerdict;
        sum.Worse += seen.Worse;
        sum.Better += seen.Better;
        sum.Agreement += seen.Agreement;
        sum.UserMs += seen.UserMs;
        sum.ShadowMs += seen.ShadowMs;
        sum.UserCharacters += seen.UserCharacters;
        sum.ShadowCharacters += seen.ShadowCharacters;
    }

    /// <summary>A copy was not asked.</summary>
    public void ShadowDropped(Route route, string release) => ShadowsOf(route, release).Dropped++;

    /// <summary>A request failed. It is kept if its alias opted in, and while its generation has few.</summary>
    public void Sampled(PendingPlace request, Outcome outcome, string? expected)
    {
        if (request.Sample is not { } sample)
        {
            return;
        }

        var key = (request.Route.Alias, request.Route.Generation);
        var kept = _sampled.GetValueOrDefault(key);
        if (kept >= MaxSamplesPerGeneration)
        {
            return;
        }

        _sampled[key] = kept + 1;
        _samples.Add(new()
        {
            Alias = request.Route.Alias,
            Generation = request.Route.Generation,
            Release = request.Assignment.Release,
            RequestId = request.Id!,
            Outcome = outcome.ToString(),
            Messages = sample.Messages,
            Answer = sample.Answer,
            Expected = expected ?? "",
            Attack = sample.Attack,
        });
    }

    /// <summary>All since the last call.</summary>
    public BatchParts Take()
    {
        var parts = new BatchParts(
            [.. _started.Values], [.. _samples], [.. _shadows.Values], [.. BaselineUnits.TakeNews().Select(u => u.ToMessage())],
            [.. _inputs.SelectMany(tally => tally.Value.CountsWithValues.Select(count => (tally.Key.Alias, tally.Key.Bucket, count)))]);
        _inputs.Clear();
        _shadows.Clear();
        _started.Clear();
        _samples.Clear();
        return parts;
    }

    private ShadowComparison ShadowsOf(Route route, string release)
    {
        if (!_shadows.TryGetValue((route.Alias, route.Generation, release), out var sum))
        {
            _shadows[(route.Alias, route.Generation, release)] = sum =
                new() { Alias = route.Alias, Epoch = route.Epoch, Generation = route.Generation, Release = release };
        }

        return sum;
    }
}
