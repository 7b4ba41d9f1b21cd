using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Backstop.Core.Evidence;

/// <summary>Names what a verdict rests on, so that anyone with the journal can judge again and compare.</summary>
internal static class EvidenceDigest
{
    /// <summary>SHA-256, in lower-case hex, of the contrast, the plan, the rates and every count.</summary>
    public static string Of(AliasEvidence evidence, Contrast contrast, EvidencePlan plan, ImmutableArray<ControlRates> rates)
    {
        var text = new StringBuilder(2048);
        text.Append("backstop-evidence-1\n").Append(evidence.Alias).Append('\n')
            .Append(contrast.Tested).Append(' ').Append(contrast.Control).Append('\n');
        Append(text, [plan.Alpha, plan.FormShare, plan.TotalMargin, plan.DetectorThreshold, plan.Confirmation, plan.Caution, plan.AssignmentAlpha]);
        Append(text, plan.Margins.AsSpan());
        Append(text, plan.CeilingMargins.AsSpan());
        Append(text, [plan.MinHistory, plan.MinUnits, plan.MinUnitsPerArm, plan.Freshness.Ticks]);
        for (var i = 0; i < contrast.Stages.Length; i++)
        {
            var stage = contrast.Stages[i];
            Append(text, [stage.Key.Epoch, stage.Key.Generation]);
            Append(text, [stage.TestedShare]);
            foreach (var stratum in rates[i].Rates)
            {
                Append(text, stratum.AsSpan());
            }

            Append(text, rates[i].Units.AsSpan());
            foreach (var group in Enum.GetValues<EvidenceGroup>())
            {
                Append(text, evidence.Find(stage.Key) is { } found ? found.Outcomes(group).All : []);
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
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
