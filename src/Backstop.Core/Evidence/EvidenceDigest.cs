using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Names what a verdict rests on, so that anyone with the journal can judge again and compare.</summary>
internal static class EvidenceDigest
{
    private static readonly int Groups = Enum.GetValues<EvidenceGroup>().Length;
    private static readonly int Cells = CountTable.OfOutcomes().All.Length;

    /// <summary>SHA-256 of the plan, the stages and the rates: what stays the same from look to look is not written again for each.</summary>
    public static byte[] OfDesign(EvidencePlan plan, ImmutableArray<ContrastStage> stages, ImmutableArray<ControlRates> rates)
    {
        var text = new StringBuilder(2048);
        text.Append("backstop-evidence-3\n").Append(stages[0].Key.Alias).Append('\n');
        Append(text, [plan.Alpha, plan.FormShare, plan.TotalMargin, plan.DetectorThreshold, plan.Confirmation, plan.Caution, plan.AssignmentAlpha]);
        Append(text, plan.Margins.AsSpan());
        Append(text, plan.CeilingMargins.AsSpan());
        Append(text, [plan.LatencyMargin ?? -1, plan.LatencyShare]);
        foreach (var score in plan.Scores)
        {
            text.Append(score.Name).Append(' ').Append(score.LowerIsWorse ? '-' : '+').Append(' ');
            Append(text, [score.Least, score.Most, score.Margin ?? -1, score.Scored.Baseline, score.Scored.Candidate, score.Scored.Holdback, plan.ScoreShare]);
        }

        Append(text, [plan.MinHistory, plan.MinUnits, plan.MinUnitsPerArm, plan.Freshness.Ticks]);
        for (var i = 0; i < stages.Length; i++)
        {
            Append(text, [stages[i].Key.Epoch, stages[i].Key.Generation]);
            Append(text, [stages[i].TestedShare]);
            foreach (var score in plan.Scores.Where(s => stages[i].ScoredOf(s) != s.Scored))
            {
                var scored = stages[i].ScoredOf(score);
                text.Append(score.Name).Append(' ');
                Append(text, [scored.Baseline, scored.Candidate, scored.Holdback]);
            }

            foreach (var stratum in rates[i].Rates)
            {
                Append(text, stratum.AsSpan());
            }

            Append(text, rates[i].Units.AsSpan());
            if (rates[i].Latency is { } latency)
            {
                Append(text, latency.Edges.AsSpan());
                Append(text, latency.Masses.AsSpan());
            }

            foreach (var score in plan.Scores)
            {
                Append(text, [rates[i].Scores.GetValueOrDefault(score.Name, -1)]);
            }
        }

        return SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>
    /// SHA-256, in lower-case hex, of the design, the arms and every count that is not zero after its place. Places and counts are
    /// base-128 varints: most take one or two bytes, and what has to be hashed is most of what a digest costs.
    /// </summary>
    public static string Of(Look look)
    {
        var text = look.Tables.Text;
        text.ResetWrittenCount();
        text.Write(look.Tables.Design);
        text.Write([(byte)look.Contrast.Tested, (byte)look.Contrast.Control]);
        var last = 0L;
        for (var stage = 0; stage < look.Stages.Length; stage++)
        {
            AppendLatencies(text, ref last, stage, look.Stages[stage]);
            AppendScores(text, ref last, stage, look);
            for (var group = 0; group < Groups; group++)
            {
                // What is known by replica comes after the whole, as if there were one with the number 0.
                for (var replica = 0; replica <= ReplicaTest.Most; replica++)
                {
                    var counts = replica == 0 ? look.Stages[stage]?.Outcomes((EvidenceGroup)group) : look.Stages[stage]?.OfReplica((EvidenceGroup)group, replica);
                    Append(text, ref last, counts is null ? [] : counts.All, ((((stage * Groups) + group) * (ReplicaTest.Most + 1)) + replica) * Cells);
                }
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(text.WrittenSpan));
    }

    private static void AppendLatencies(ArrayBufferWriter<byte> text, ref long last, int stage, StageEvidence? found)
    {
        for (var place = 0; found is not null && place < CountTable.Arms * (ReplicaTest.Most + 1); place++)
        {
            var (arm, replica) = Math.DivRem(place, ReplicaTest.Most + 1);
            if (found.Latencies((Arm)arm, replica) is { } latencies)
            {
                Append(text, ref last, latencies.All, -(((stage * CountTable.Arms * (ReplicaTest.Most + 1)) + place + 1) * LatencyCounts.Bins));
            }
        }
    }

    // Places are told as steps from one to the next.
    private static void Append(ArrayBufferWriter<byte> text, ref long last, ReadOnlySpan<long> all, int from)
    {
        const int mostBytes = 10;
        var pairs = text.GetSpan(2 * mostBytes * all.Length);
        var end = 0;
        for (var place = 0; place < all.Length; place++)
        {
            if (all[place] != 0)
            {
                end += Varint(pairs[end..], from + place - last);
                end += Varint(pairs[end..], all[place]);
                last = from + place;
            }
        }

        text.Advance(end);
    }

    private static int Varint(Span<byte> to, long value)
    {
        var (rest, length) = ((ulong)value, 0);
        for (; rest >= 0x80; rest >>= 7)
        {
            to[length++] = (byte)(rest | 0x80);
        }

        to[length++] = (byte)rest;
        return length;
    }

    // Far above every place of a count, so that none can be taken for another.
    private static void AppendScores(ArrayBufferWriter<byte> text, ref long last, int stage, Look look)
    {
        for (var place = 0; look.Stages[stage] is { } found && place < look.Plan.Scores.Length * CountTable.Arms * (ReplicaTest.Most + 1); place++)
        {
            var (score, cell) = Math.DivRem(place, CountTable.Arms * (ReplicaTest.Most + 1));
            var (arm, replica) = Math.DivRem(cell, ReplicaTest.Most + 1);
            if (found.Scores(look.Plan.Scores[score].Name, (Arm)arm, replica) is { } scores)
            {
                const int far = 1 << 30;
                Append(text, ref last, scores.All, far + (((stage * look.Plan.Scores.Length * CountTable.Arms * (ReplicaTest.Most + 1)) + place) * Scores.ScoreCounts.Steps));
            }
        }
    }

    private static void Append<T>(StringBuilder text, ReadOnlySpan<T> values)
        where T : IFormattable
    {
        foreach (var value in values)
        {
            text.Append(value.ToString(null, CultureInfo.InvariantCulture)).Append(' ');
        }

        text.Append('\n');
    }
}
