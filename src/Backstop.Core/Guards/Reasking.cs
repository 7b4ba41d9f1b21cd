using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Backstop.Core.Guards;

/// <summary>Decides how often the model that gave an unusable answer is asked again, and what it is told.</summary>
/// <remarks>
/// A model that does not get better is not asked for ever: each answer must have fewer findings than the one before it, and
/// the policy says how many there may be at most.
/// </remarks>
/// <param name="most">How often at most, 0 to 2: <see cref="GuardPolicy.MostReasks"/>.</param>
public sealed class Reasking(int most)
{
    private const int MostNamed = 5;

    private int _asked;
    private int _fewest = int.MaxValue;

    /// <summary>What to tell the model about an answer; null when it is not to be asked again.</summary>
    public string? RemarkOn(Ruling ruling)
    {
        if (ruling.Disposition != Disposition.Reask || _asked == most || ruling.Findings.Length >= _fewest)
        {
            return null;
        }

        (_asked, _fewest) = (_asked + 1, ruling.Findings.Length);
        return Remark(ruling.Findings);
    }

    // It says what kind of fault stands where, never the words: they could hold what a check is there to keep back.
    private static string Remark(ImmutableArray<Finding> findings)
    {
        var text = new StringBuilder("Your last answer cannot be used. What is wrong with it: ");
        foreach (var (i, finding) in findings.Take(MostNamed).Index())
        {
            text.Append(i == 0 ? "" : "; ")
                .Append(CultureInfo.InvariantCulture, $"{finding.Category} at characters {finding.Start} to {finding.End}");
        }

        text.Append(findings.Length > MostNamed ? string.Create(CultureInfo.InvariantCulture, $"; and {findings.Length - MostNamed} more") : "");
        return text.Append(". Answer again, in full and with nothing but the answer.").ToString();
    }
}
