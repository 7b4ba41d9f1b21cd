using System.Globalization;

namespace Backstop.Core.Gates;

/// <summary>A suite of files that a release must have passed before an alias lets it near its users.</summary>
/// <param name="Gate">The suite's id.</param>
/// <param name="Digest">The one version of it that counts; null when any does.</param>
/// <param name="Within">How old the result may be.</param>
public sealed record RequiredGate(string Gate, string? Digest, TimeSpan Within)
{
    /// <summary>How old a result may be where nobody says, in hours.</summary>
    public const double UsualHours = 24 * 7;

    private const double MostHours = 24 * 366;

    /// <summary>What is wrong with a requirement as it is written; null when nothing is.</summary>
    public static string? Flaw(string gate, string? digest, double withinHours) => !SuiteNames.IsId(gate) ? SuiteNames.Wrong("gate", gate)
        : digest is not null && !SuiteNames.IsDigest(digest) ? SuiteNames.WrongDigest("digest", digest)
        : withinHours is > 0 and <= MostHours ? null
        : $"'within_hours' is {withinHours}: use more than 0 and at most {MostHours}.";

    /// <summary>Why a release may not pass, with what to do; null when it may.</summary>
    /// <param name="release">Name of the release.</param>
    /// <param name="last">The last result of this suite on it; null when there is none.</param>
    public string? Objection(string release, SuiteResult? last, DateTimeOffset now)
    {
        var flaw = last is null ? "there is none"
            : Digest is not null && last.GateDigest != Digest ? $"the last one is of another version of the suite ({last.GateDigest})"
            : last.Verdict == GateVerdict.Failed ? $"it failed: {last.Counts.Failures} of {last.Counts.Runs} answers, {last.FailIfMoreThan} may{(last.Paired is { } paired ? $"; {paired.Worse} cases worse and {paired.Better} better than before" : "")}"
            : last.Verdict == GateVerdict.Inconclusive ? $"{last.Counts.Errors} of {last.Counts.Runs} answers are missing, so nobody knows"
            : now - last.At > Within ? string.Create(CultureInfo.InvariantCulture, $"the last one is of {last.At.UtcDateTime:yyyy-MM-dd HH:mm}Z and may be {Within.TotalHours:0.#} h old")
            : null;
        return flaw is null ? null : $"gate {Gate} must have passed {release}, and {flaw}. Run 'backstop gate run FOLDER --release {release} --record' with the folder of {Gate}";
    }
}
