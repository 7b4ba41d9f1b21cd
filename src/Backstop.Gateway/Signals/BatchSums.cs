using Backstop.Core.Evidence;
using Backstop.Protocol;
using StageUnits = Backstop.Protocol.StageUnits;
using SignalBatch = Backstop.Protocol.SignalBatch;
using InputCount = Backstop.Core.Inputs.InputCount;
using Route = Backstop.Core.Routing.Route;

namespace Backstop.Gateway.Signals;

/// <summary>What a gateway counts for its next batch beside epochs. Not thread-safe.</summary>
internal sealed class BatchSums
{
    /// <summary>About as many of one kind are in a batch at most.</summary>
    /// <remarks>A batch must fit into a message, which gRPC takes up to 4 MiB of; what tells the units of an alias apart takes a kilobyte.</remarks>
    public const int MostOfAKind = 1000;

    private const int MaxSamplesPerGeneration = 50;

    private readonly Dictionary<(string Alias, long Generation, string Release), ShadowComparison> _shadows = [];
    private readonly Dictionary<(string Alias, long Generation), int> _sampled = [];
    private readonly List<Sample> _samples = [];
    private readonly List<AliasSums> _aliases = [];
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

    /// <summary>What was not told yet, or as much of it as fits into one batch.</summary>
    public Part Take()
    {
        var part = new Part();
        for (; _taken < _aliases.Count && !part.IsFull; _taken++)
        {
            _aliases[_taken].Tell(part);
        }

        if (_taken == _aliases.Count)
        {
            _taken = 0;
            _aliases.Clear();
        }

        var shadows = _shadows.Take(MostOfAKind).ToList();
        shadows.ForEach(shadow => _shadows.Remove(shadow.Key));
        part.Shadows.AddRange(shadows.Select(shadow => shadow.Value));
        var samples = Math.Min(_samples.Count, MostOfAKind);
        part.Samples.AddRange(_samples[..samples]);
        _samples.RemoveRange(0, samples);
        return part;
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

    /// <summary>What one batch tells beside epochs.</summary>
    public sealed class Part
    {
        public List<Started> Started { get; } = [];

        public List<StageUnits> Units { get; } = [];

        public List<(string Alias, long Bucket, InputCount Count)> Inputs { get; } = [];

        public List<ShadowComparison> Shadows { get; } = [];

        public List<Sample> Samples { get; } = [];

        public bool IsEmpty => Longest == 0;

        /// <summary>Whether the rest belongs into the next batch.</summary>
        public bool IsFull => Longest >= MostOfAKind;

        private int Longest => Math.Max(Math.Max(Math.Max(Started.Count, Units.Count), Math.Max(Inputs.Count, Shadows.Count)), Samples.Count);

        public void AddTo(SignalBatch batch)
        {
            batch.Started.AddRange(Started);
            batch.Units.AddRange(Units);
            batch.Inputs.AddRange(Inputs.Select(i => i.Count.ToMessage(i.Alias, i.Bucket)));
            batch.Shadows.AddRange(Shadows);
            batch.Samples.AddRange(Samples);
        }
    }
}
