using System.Collections.Immutable;
using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Evidence.Sketches;
using Backstop.Core.Routing;
using Google.Protobuf;

namespace Backstop.Protocol;

/// <summary>From messages to the core's batches of signals; the other way goes <see cref="BatchWriter"/>.</summary>
public static class SignalTranslation
{
    private static readonly int Outcomes = Enum.GetValues<Outcome>().Length;
    private static readonly int Ways = Enum.GetValues<Served>().Length;

    /// <summary>The counts of a message. Ask <see cref="Flaw"/> first: a message comes from another process.</summary>
    public static Core.Evidence.SignalBatch ToBatch(this SignalBatch message) => new(
        message.GatewayId, message.StartId, checked((long)message.Sequence), [.. message.Epochs.Select(ToEpoch)])
    {
        Shadows = [.. message.Shadows.Select(ToSums)],
        Units = [.. message.Units.Select(u => new Core.Evidence.StageUnits(new(u.Alias, u.Epoch, u.Generation), HllFormat.Read(u.Sketch.Span)))],
    };

    /// <summary>The count of a message.</summary>
    public static Core.Inputs.InputCount ToCount(this InputCount message) => new(
        (Core.Inputs.InputSignal)message.Signal, message.What, message.N, message.Hits, message.Sum, message.Squares, message.Most)
    {
        Values = [.. message.Bins.Zip(message.BinCounts, (bin, n) => new Core.Inputs.ValueBin(bin, n))],
    };

    /// <summary>Every alias a batch says something about, each once.</summary>
    public static IEnumerable<string> Aliases(this SignalBatch message) => message.Epochs.Select(e => e.Alias)
        .Concat(message.Started.Select(s => s.Alias))
        .Concat(message.Samples.Select(s => s.Alias))
        .Concat(message.Shadows.Select(s => s.Alias))
        .Concat(message.Inputs.Select(i => i.Alias))
        .Concat(message.Units.Select(u => u.Alias))
        .Distinct(StringComparer.Ordinal);

    /// <summary>What is wrong with a batch, or null when it can be merged.</summary>
    public static string? Flaw(this SignalBatch message)
    {
        if (message.Sequence > long.MaxValue)
        {
            return "Its sequence is above 2^63 - 1.";
        }

        foreach (var epoch in message.Epochs)
        {
            if (!Enum.IsDefined((EvidenceGroup)epoch.Group))
            {
                return $"It has counts of group {epoch.Group}; groups are 0 and 1.";
            }

            if (epoch.FirstHalf.Count > Outcomes || epoch.FirstHalf.Any(n => n is < 0 or > int.MaxValue))
            {
                return $"It has counts for {epoch.FirstHalf.Count} outcomes of half a baseline: at most {Outcomes} are known, each from 0 to {int.MaxValue}.";
            }

            if (epoch.Latencies.Any(l => !IsSound(l)))
            {
                return $"It has latencies of an arm, a replica or a bin that does not exist, or counts that are no counts: bins are 0 to {LatencyCounts.Never}.";
            }

            if (!epoch.Scores.All(IsSound))
            {
                return $"It has scores of an arm, a replica or a step that does not exist, or counts that are no counts: steps are 0 to {ScoreCounts.Steps - 1}.";
            }

            foreach (var cell in epoch.Cells)
            {
                if (!Enum.IsDefined((Arm)cell.Arm) || cell.Stratum is not (0 or 1) || cell.Replica is < 0 or > ReplicaTest.Most)
                {
                    return $"It has counts of arm {cell.Arm}, stratum {cell.Stratum} and replica {cell.Replica}, which do not exist.";
                }

                if (cell.Outcomes.Count > Outcomes || cell.Served.Count > Ways || cell.Outcomes.Concat(cell.Served).Any(n => n is < 0 or > int.MaxValue))
                {
                    return $"It has counts for {cell.Outcomes.Count} outcomes and {cell.Served.Count} ways of serving: at most {Outcomes} and {Ways} are known, each from 0 to {int.MaxValue}.";
                }
            }
        }

        if (message.Inputs.Any(i => !IsSound(i)))
        {
            return "It has counts of what requests brought that cannot be: negative, more hits than observations, or of an unknown signal or bin.";
        }

        if (message.Units.Any(u => !IsSketch(u.Sketch)))
        {
            return "It has different units that are no sketch of this kind.";
        }

        if (message.Shadows.Any(s => !IsSound(s)))
        {
            return "It has counts of copies that cannot be: negative, or more that failed, agreed or differed than there were.";
        }

        return message.Started.Any(s => s.Count < 0) ? "It has a negative count of started requests." : null;
    }

    private static bool IsSound(ShadowComparison s) =>
        s is { Copies: >= 0, Dropped: >= 0, Failed: >= 0, SameVerdict: >= 0, Worse: >= 0, Better: >= 0, UserCharacters: >= 0, ShadowCharacters: >= 0 }
        && s.Copies <= int.MaxValue && s.Dropped <= int.MaxValue && s.Failed <= s.Copies && s.SameVerdict <= s.Copies && s.Worse + s.Better <= s.Copies
        && s.Agreement >= 0 && s.Agreement <= s.Copies && IsTime(s.UserMs) && IsTime(s.ShadowMs);

    private static bool IsTime(double ms) => ms is >= 0 and < 1e12;

    private static ShadowSums ToSums(ShadowComparison s) => new(new(s.Alias, s.Epoch, s.Generation), s.Release, new()
    {
        Copies = s.Copies,
        Dropped = s.Dropped,
        Failed = s.Failed,
        SameVerdict = s.SameVerdict,
        Worse = s.Worse,
        Better = s.Better,
        AgreementMillionths = (long)Math.Round(1e6 * s.Agreement),
        UserMicroseconds = (long)Math.Round(1e3 * s.UserMs),
        ShadowMicroseconds = (long)Math.Round(1e3 * s.ShadowMs),
        UserCharacters = s.UserCharacters,
        ShadowCharacters = s.ShadowCharacters,
    });

    private static bool IsSketch(ByteString bytes)
    {
        try
        {
            HllFormat.Read(bytes.Span);
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool IsSound(InputCount count) =>
        count.N >= 0 && count.Hits >= 0 && count.Hits <= count.N && Enum.IsDefined((Core.Inputs.InputSignal)count.Signal)
        && double.IsFinite(count.Sum) && double.IsFinite(count.Squares) && double.IsFinite(count.Most)
        && count.Bins.Count == count.BinCounts.Count && count.Bins.All(bin => Math.Abs((long)bin) <= Core.Inputs.ValueCounts.Last)
        && count.BinCounts.All(n => n is >= 0 and <= int.MaxValue);

    private static bool IsSound(Latencies cell) =>
        Enum.IsDefined((Arm)cell.Arm) && cell.Replica is >= 0 and <= ReplicaTest.Most && cell.Bins.Count == cell.Counts.Count
        && cell.Bins.All(bin => bin is >= 0 and <= LatencyCounts.Never) && cell.Counts.All(n => n is >= 0 and <= int.MaxValue);

    private static bool IsSound(Scores cell) =>
        Enum.IsDefined((Arm)cell.Arm) && cell.Replica is >= 0 and <= ReplicaTest.Most && cell.Name.Length is > 0 and <= 100 && cell.Steps.Count % 2 == 0
        && cell.Steps.Chunk(2).All(pair => pair[0] is >= 0 and < ScoreCounts.Steps && pair[1] is >= 0 and <= int.MaxValue);

    private static Core.Evidence.EpochCounts ToEpoch(EpochCounts message) => new(
        new(message.Alias, message.Epoch, message.Generation),
        Core.Evidence.EpochCounts.BucketOf(DateTimeOffset.FromUnixTimeMilliseconds(message.Bucket)),
        (EvidenceGroup)message.Group,
        [.. message.Cells.Select(c => new CountCell((Arm)c.Arm, c.Stratum, [.. c.Outcomes], [.. c.Served], c.Replica))])
    {
        FirstHalf = [.. message.FirstHalf],
        Scores = [.. message.Scores.Select(s => new ScoreCell(s.Name, (Arm)s.Arm, s.Replica, [.. s.Steps]))],
        Latencies = [.. message.Latencies.Select(l => new LatencyCell((Arm)l.Arm, l.Replica, [.. l.Bins], [.. l.Counts]))],
    };
}
