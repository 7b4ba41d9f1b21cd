using Backstop.Core.Evidence;
using Backstop.Protocol;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Signals;

/// <summary>What a gateway counts for its next batch beside epochs. Not thread-safe.</summary>
internal sealed class BatchSums
{
    private const int MaxSamplesPerGeneration = 50;

    // How many aliases ahead what is told next is fetched.
    private const int Ahead = 4, FarAhead = 8;

    // To tell units, a sketch of a kilobyte is read: of an alias that is asked now and then each request would have that done.
    private static readonly TimeSpan UnitsWait = TimeSpan.FromSeconds(5);

    private readonly Dictionary<(string Alias, long Generation, string Release), ShadowComparison> _shadows = [];
    private readonly Dictionary<(string Alias, long Generation), int> _sampled = [];
    private readonly List<Sample> _samples = [];
    private readonly List<AliasSums> _aliases = [];
    private readonly Queue<(AliasSums Alias, DateTimeOffset Due)> _units = new();
    private int _taken;

    /// <summary>Something was counted of an alias.</summary>
    public void WillTell(AliasSums alias)
    {
        if (!alias.WillBeTold)
        {
            alias.WillBeTold = true;
            _aliases.Add(alias);
        }
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

    /// <summary>Tells what was not told yet.</summary>
    /// <returns>False when the batch was full before it had all; the next call goes on there.</returns>
    public bool Tell(BatchWriter batch, DateTimeOffset now)
    {
        for (; _taken < _aliases.Count && !batch.IsFull; _taken++)
        {
            if (_taken + FarAhead < _aliases.Count)
            {
                _aliases[_taken + FarAhead].Fetch(); // Of thousands none is in a cache any more.
                _aliases[_taken + Ahead].FetchToTell();
            }

            var alias = _aliases[_taken];
            alias.Tell(batch);
            if (alias is { HasNewUnits: true, UnitsWait: false })
            {
                alias.UnitsWait = true;
                _units.Enqueue((alias, now + UnitsWait));
            }
        }

        if (_taken < _aliases.Count)
        {
            return false;
        }

        _taken = 0;
        _aliases.Clear();
        while (_units.TryPeek(out var waiting) && waiting.Due <= now)
        {
            if (batch.IsFull)
            {
                return false;
            }

            _units.Dequeue();
            waiting.Alias.UnitsWait = false;
            waiting.Alias.TellUnits(batch);
        }

        foreach (var (key, shadow) in _shadows)
        {
            if (batch.IsFull)
            {
                return false;
            }

            batch.Add(shadow);
            _shadows.Remove(key);
        }

        var samples = 0;
        for (; samples < _samples.Count && !batch.IsFull; samples++)
        {
            batch.Add(_samples[samples]);
        }

        _samples.RemoveRange(0, samples);
        return _samples.Count == 0;
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
