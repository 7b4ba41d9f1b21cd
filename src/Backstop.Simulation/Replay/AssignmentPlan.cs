using System.Collections.Immutable;

namespace Backstop.Simulation.Replay;

/// <summary>How the arms of a recording were drawn, as far as that is known.</summary>
/// <param name="Share">The tested arm's share where lines do not have their own; null when the file has only one arm.</param>
/// <param name="IsChecked">Whether the arms' sizes can be held against it.</param>
/// <param name="IsStated">Whether someone said so; otherwise it is the usual share that is nearest.</param>
/// <param name="Note">What one should know about it, or null.</param>
public sealed record AssignmentPlan(double? Share, bool IsChecked, bool IsStated, string? Note)
{
    // Shares that people plan, from both ends. One in between is not guessed.
    private static readonly ImmutableArray<double> Usual = [0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
    private const int Blocks = 20;

    /// <summary>The plan of a recording, oldest line first, when <paramref name="stated"/> is what the caller said.</summary>
    public static AssignmentPlan Of(ImmutableArray<RecordedRequest> requests, double? stated)
    {
        if (stated is not null || requests.Any(r => r.Share is not null))
        {
            return new(stated ?? requests.First(r => r.Share is not null).Share, IsChecked: true, IsStated: true, null);
        }

        var tested = requests.Count(r => r.Tested);
        if (tested == 0 || tested == requests.Length)
        {
            return new(null, IsChecked: false, IsStated: false, null);
        }

        var seen = (double)tested / requests.Length;
        if (Moves(requests, seen))
        {
            return new(seen, IsChecked: false, IsStated: false,
                "the candidate's share changes in the course of the file and nobody says what was planned: the arms' sizes are not checked, and"
                + " only evidence that needs no share counts; give each line its 'share'");
        }

        var nearest = Usual.Concat(Usual.Select(share => 1 - share)).MinBy(share => Math.Abs(Logit(share) - Logit(seen)));
        return new(nearest, IsChecked: true, IsStated: false,
            FormattableString.Invariant($"nobody says what share was planned for the candidate; {seen:0.0%} were drawn, so {nearest:0.##%} is taken for the plan; --share states it"));
    }

    // Homogeneity over twenty parts of the file: the chi-square statistic far beyond anything chance gives.
    private static bool Moves(ImmutableArray<RecordedRequest> requests, double seen)
    {
        if (requests.Length < Blocks * 10)
        {
            return false;
        }

        var statistic = 0.0;
        for (var block = 0; block < Blocks; block++)
        {
            var part = requests.AsSpan()[(requests.Length * block / Blocks)..(requests.Length * (block + 1) / Blocks)];
            var tested = 0;
            foreach (var request in part)
            {
                tested += request.Tested ? 1 : 0;
            }

            statistic += Math.Pow(tested - (part.Length * seen), 2) / (part.Length * seen * (1 - seen));
        }

        const double beyondChance = 80; // A millionth of a chance in ten million, with 19 degrees of freedom.
        return statistic > beyondChance;
    }

    private static double Logit(double share) => Math.Log(share / (1 - share));
}
