using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Fleets;

/// <summary>What every node of a simulated fleet lives in: its clock, its network, its log, and the model servers.</summary>
internal sealed class World
{
    private readonly Dictionary<string, SimulatedRelease> _behaviours = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Release> _releases = new(StringComparer.Ordinal);

    public World(FleetOptions options, VirtualTime time, Network network, FleetLog log) =>
        (Options, Time, Network, Log) = (options, time, network, log);

    public FleetOptions Options { get; }

    public VirtualTime Time { get; }

    public Network Network { get; }

    public FleetLog Log { get; }

    public DateTimeOffset Now => Time.Now;

    /// <summary>Registers a release that behaves so.</summary>
    public Release Add(SimulatedRelease behaviour)
    {
        var manifest = $$$"""{"serving":{"model":"{{{behaviour.Name}}}","replicas":["http://127.0.0.1:9"]}}""";
        var release = ((ReleaseResult.Parsed)Release.Parse(behaviour.Name, manifest)).Release;
        (_behaviours[release.Digest], _releases[release.Digest]) = (behaviour, release);
        return release;
    }

    public Release ReleaseOf(string digest) => _releases[digest];

    public string? NameOf(string? digest) => digest is null ? null : _releases[digest].Name;

    /// <summary>Breaks something that every release depends on.</summary>
    public void Break()
    {
        foreach (var (digest, behaviour) in _behaviours.ToArray())
        {
            _behaviours[digest] = behaviour with { SchemaFailure = behaviour.SchemaFailure + 0.12, Accuracy = behaviour.Accuracy - 0.15 };
        }

        Log.Add(new FleetEvent.WorldBroke(Now, "world"));
    }

    /// <summary>Draws what a release answers, before the ring; whether a delivered answer is right shows with its label.</summary>
    public Outcome Answer(string digest, bool attack, SplitMix64 random)
    {
        var outcomes = _behaviours[digest].Outcomes(attack ? 1 : 0);
        var u = random.Uniform();
        return u < outcomes[0] ? Outcome.ToxicBlocked
            : u < outcomes[0] + outcomes[1] ? Outcome.SchemaBlocked
            : u < outcomes[0] + outcomes[1] + outcomes[2] ? Outcome.Wrong
            : Outcome.Correct;
    }
}
