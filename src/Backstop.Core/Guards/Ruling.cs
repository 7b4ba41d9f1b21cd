using System.Collections.Immutable;

namespace Backstop.Core.Guards;

/// <summary>What the ring does with a text, from the mildest to the strictest. When checks differ the strictest wins.</summary>
public enum Disposition
{
    Allow,
    Observe,
    Fix,
    Drop,
    Reask,
    Fallback,
    Refuse,
    Block,
}

/// <summary>The ring's answer about a text, or about the texts of one request.</summary>
public sealed record Ruling(Disposition Disposition, ImmutableArray<Finding> Findings, ImmutableArray<CheckError> Errors)
{
    public static readonly Ruling Clean = new(Disposition.Allow, [], []);

    /// <summary>For each screened unit its text after the edits; null where nothing was changed. Empty when nothing was fixed.</summary>
    public ImmutableArray<string?> FixedTexts { get; init; } = [];

    /// <summary>What shadow checks found and would have decided. It never changes the answer.</summary>
    public ImmutableArray<Finding> ShadowFindings { get; init; } = [];

    public Disposition ShadowDisposition { get; init; }

    /// <summary>Id of the check that decided, or null.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>The safe text to give instead of a blocked or refused answer.</summary>
    public string? SafeText { get; init; }

    /// <summary>The alias whose release answers instead of the one whose request was stopped, or null.</summary>
    public string? RouteTo { get; init; }

    /// <summary>Text of the only unit after the edits, or null when it was not changed.</summary>
    public string? FixedText => FixedTexts.IsDefaultOrEmpty ? null : FixedTexts[0];

    /// <summary>True when the text, even edited, must not be delivered.</summary>
    public bool Stops => Disposition.Stops();

    /// <summary>True when a check failed and the policy let the text pass with a mark.</summary>
    public bool PassedUnchecked => !Stops && Errors.Length > 0;

    /// <summary>Every kind of failure found by checks in force, for the release's record.</summary>
    public HarmClass Harms => Findings.Aggregate(HarmClass.None, (harms, finding) => harms | finding.Harm);

    /// <summary>The one kind that counts when an answer may be counted once: the worst first.</summary>
    public HarmClass Record
    {
        get
        {
            var harms = Harms;
            foreach (var harm in (ReadOnlySpan<HarmClass>)
                [HarmClass.Toxic, HarmClass.Injection, HarmClass.Pii, HarmClass.Schema, HarmClass.Other])
            {
                if ((harms & harm) != HarmClass.None)
                {
                    return harm;
                }
            }

            return HarmClass.None;
        }
    }
}

public static class Dispositions
{
    /// <summary>Whether nothing of the text may be delivered. Fix and drop only change it.</summary>
    public static bool Stops(this Disposition disposition) => disposition >= Disposition.Reask;

    public static Disposition Strictest(Disposition a, Disposition b) => a > b ? a : b;
}
