using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Evidence.Sketches;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Evidence as it is stored: only what is not zero.</summary>
public sealed record EvidenceSnapshot(
    string Alias,
    ImmutableArray<EvidenceSnapshot.Source> Seen,
    ImmutableArray<EvidenceSnapshot.FrozenRates> Frozen,
    ImmutableArray<long> Past,
    ImmutableArray<EvidenceSnapshot.Stage> Stages)
{
    /// <summary>The batches of one start of a gateway.</summary>
    public sealed record Source(string Gateway, string Start, long Floor, ImmutableArray<long> Above);

    /// <summary>The rates one stage is judged around.</summary>
    public sealed record FrozenRates(long Epoch, long Generation, ControlRates Rates);

    /// <summary>One stage. Tables are pairs of place and count.</summary>
    public sealed record Stage(
        long Epoch, long Generation, ImmutableArray<ImmutableArray<long>> Served, ImmutableArray<ImmutableArray<Bucket>> History)
    {
        /// <summary>The parts that came from replicas that are known.</summary>
        public ImmutableArray<Replica> Replicas { get => field.IsDefault ? [] : field; init; }

        /// <summary>By outcome: requests of the first half of the baseline.</summary>
        public ImmutableArray<long> FirstHalf { get => field.IsDefault ? [] : field; init; }

        /// <summary>What copies of requests showed.</summary>
        public ImmutableArray<Shadow> Shadows { get => field.IsDefault ? [] : field; init; }

        /// <summary>The different units of the baseline, as <see cref="HllFormat"/> writes them, in base 64; null where there were none.</summary>
        public string? BaselineUnits { get; init; }

        /// <summary>How long requests took, over time.</summary>
        public ImmutableArray<Bucket> LatencyHistory { get => field.IsDefault ? [] : field; init; }

        /// <summary>How long requests took.</summary>
        public ImmutableArray<Latency> Latencies { get => field.IsDefault ? [] : field; init; }

        /// <summary>How answers were scored.</summary>
        public ImmutableArray<Score> Scores { get => field.IsDefault ? [] : field; init; }
    }

    /// <summary>What copies to one release showed.</summary>
    public sealed record Shadow(string Release, ShadowCounts Counts);

    /// <summary>What the baseline showed against itself.</summary>
    public SelfComparison? Self { get; init; }

    /// <summary>Latencies of trusted releases in stages that were forgotten, as pairs of bin and count.</summary>
    public ImmutableArray<long> PastLatencies { get => field.IsDefault ? [] : field; init; }

    /// <summary>Latencies of one arm and replica, as pairs of bin and count.</summary>
    public sealed record Latency(Arm Arm, int Replica, ImmutableArray<long> Counts);

    /// <summary>How answers of trusted releases were scored in stages that were forgotten.</summary>
    public ImmutableArray<Score> PastScores { get => field.IsDefault ? [] : field; init; }

    /// <summary>How answers of one arm and replica were scored, as pairs of step and count.</summary>
    public sealed record Score(string Name, Arm Arm, int Replica, ImmutableArray<long> Counts);

    /// <summary>What came from the replicas of one number.</summary>
    public sealed record Replica(EvidenceGroup Group, int Number, ImmutableArray<long> Counts);

    /// <summary>One epoch of a history. Ranks by its first bucket; its level follows from the newest.</summary>
    public sealed record Bucket(long First, int Level, ImmutableArray<long> Counts);

    /// <summary>The state as one line of JSON. Equal states give equal text.</summary>
    public static string Write(AliasEvidence evidence) => JsonSerializer.Serialize(Of(evidence), EvidenceJson.Default.EvidenceSnapshot);

    /// <summary>The state that was written.</summary>
    /// <exception cref="JsonException">The text is no snapshot of evidence.</exception>
    public static AliasEvidence Read(string json) =>
        Restore(JsonSerializer.Deserialize(json, EvidenceJson.Default.EvidenceSnapshot)
            ?? throw new JsonException("A snapshot of evidence must be a JSON object."));

    private static EvidenceSnapshot Of(AliasEvidence evidence) => new(
        evidence.Alias,
        [
            .. evidence.Seen.OrderBy(s => s.Key.Gateway, StringComparer.Ordinal).ThenBy(s => s.Key.Start, StringComparer.Ordinal)
                .Select(s => new Source(s.Key.Gateway, s.Key.Start, s.Value.Floor, [.. s.Value.Above])),
        ],
        [.. evidence.Frozen.Select(f => new FrozenRates(f.Key.Epoch, f.Key.Generation, f.Value))],
        Sparse.Of(evidence.Past.All),
        [
            .. evidence.Stages.Select(s => new Stage(
                s.Key.Epoch,
                s.Key.Generation,
                [.. Enum.GetValues<EvidenceGroup>().Select(g => Sparse.Of(s.Served(g).All))],
                [
                    .. Enum.GetValues<EvidenceGroup>().Select(g =>
                        ImmutableArray.CreateRange(s.History(g).Epochs.Select(e => new Bucket(e.First, e.Level, Sparse.Of(e.Counts.All))))),
                ])
            {
                Replicas =
                [
                    .. Enum.GetValues<EvidenceGroup>().SelectMany(g => Enumerable.Range(1, ReplicaTest.Most)
                        .Where(r => s.OfReplica(g, r) is not null).Select(r => new Replica(g, r, Sparse.Of(s.OfReplica(g, r)!.All)))),
                ],
                FirstHalf = [.. s.FirstHalf],
                Shadows = [.. s.Shadows.Select(shadow => new Shadow(shadow.Key, shadow.Value))],
                LatencyHistory = [.. (s.LatencyHistory?.Epochs ?? []).Select(e => new Bucket(e.First, e.Level, Sparse.Of(e.Counts.All)))],
                BaselineUnits = s.BaselineUnits.Registers.ContainsAnyExcept((byte)0) ? Convert.ToBase64String(HllFormat.Write(s.BaselineUnits)) : null,
                Latencies =
                [
                    .. Enum.GetValues<Arm>().SelectMany(arm => Enumerable.Range(0, ReplicaTest.Most + 1)
                        .Where(r => s.Latencies(arm, r) is not null).Select(r => new Latency(arm, r, Sparse.Of(s.Latencies(arm, r)!.All)))),
                ],
                Scores =
                [
                    .. s.AllScores.OrderBy(c => c.Key.Name, StringComparer.Ordinal).ThenBy(c => c.Key.Arm).ThenBy(c => c.Key.Replica)
                        .Select(c => new Score(c.Key.Name, c.Key.Arm, c.Key.Replica, Sparse.Of(c.Value.All))),
                ],
            }),
        ])
    {
        Self = evidence.Self,
        PastLatencies = Sparse.Of(evidence.PastLatencies.All),
        PastScores = [.. evidence.PastScores.Select(p => new Score(p.Key, Arm.Baseline, 0, Sparse.Of(p.Value.All)))],
    };

    private static AliasEvidence Restore(EvidenceSnapshot snapshot)
    {
        var evidence = new AliasEvidence(snapshot.Alias);
        foreach (var source in snapshot.Seen)
        {
            evidence.Restore(source);
        }

        foreach (var frozen in snapshot.Frozen)
        {
            evidence.Restore(new EvidenceKey(snapshot.Alias, frozen.Epoch, frozen.Generation), frozen.Rates);
        }

        Fill(evidence.Past, snapshot.Past);
        Sparse.Each(snapshot.PastLatencies, evidence.PastLatencies.Add);
        foreach (var past in snapshot.PastScores)
        {
            var scores = new ScoreCounts();
            Sparse.Each(past.Counts, scores.Add);
            evidence.Restore(past.Name, scores);
        }

        evidence.Self = snapshot.Self ?? evidence.Self;
        foreach (var stored in snapshot.Stages)
        {
            var stage = evidence.StageOf(new(snapshot.Alias, stored.Epoch, stored.Generation));
            foreach (var group in Enum.GetValues<EvidenceGroup>())
            {
                Fill(stage.Served(group), stored.Served[(int)group]);
                foreach (var bucket in stored.History[(int)group])
                {
                    var counts = CountTable.OfOutcomes();
                    Fill(counts, bucket.Counts);
                    stage.Restore(group, new(bucket.First, bucket.Level, counts));
                }
            }

            foreach (var replica in stored.Replicas)
            {
                Fill(stage.ReplicaCounts(replica.Group, replica.Number), replica.Counts);
            }

            foreach (var bucket in stored.LatencyHistory)
            {
                var counts = new CountTable(stage.LatencyCuts.Length + 1);
                Fill(counts, bucket.Counts);
                stage.LatencyHistory!.Restore(new(bucket.First, bucket.Level, counts));
            }

            stage.AddFirstHalf(stored.FirstHalf.AsSpan());
            foreach (var shadow in stored.Shadows)
            {
                stage.Add(shadow.Release, shadow.Counts);
            }

            if (stored.BaselineUnits is { } units)
            {
                stage.BaselineUnits.Merge(HllFormat.Read(Convert.FromBase64String(units)));
            }

            foreach (var latency in stored.Latencies)
            {
                Sparse.Each(latency.Counts, (bin, count) => stage.AddLatencies(latency.Arm, latency.Replica, [bin], [count]));
            }

            foreach (var score in stored.Scores)
            {
                Sparse.Each(score.Counts, (step, count) => stage.AddScore((score.Name, score.Arm, score.Replica), step, count));
            }
        }

        return evidence;
    }

    private static void Fill(CountTable table, ImmutableArray<long> pairs) => Sparse.Each(pairs, table.AddAt);
}

[JsonSerializable(typeof(EvidenceSnapshot))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class EvidenceJson : JsonSerializerContext;
