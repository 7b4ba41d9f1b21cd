namespace Backstop.Core.Evidence;

/// <summary>How many false rollbacks an alias may expect in any thirty days, and what of it is spent.</summary>
/// <remarks>
/// A comparison rolls back a release that is no worse with probability alpha at most, however often it is looked at and however many
/// groups of facts share its alpha. Expectations add whatever depends on what, so the account is a sum and needs no model: each rollout
/// is charged its alpha for the comparison as a candidate and again for the one after its promotion. A new one gets half of what is left
/// at most, so the sum never passes what the alias may spend, and no rollout is ever without automatic rollback: with a smaller alpha it
/// comes later, by log(1/alpha) in proportion.
/// </remarks>
/// <param name="PerMonth">False rollbacks that may be expected in thirty days.</param>
/// <param name="Spent">Alphas of the last thirty days, summed.</param>
/// <param name="Rollouts">How many rollouts spent it.</param>
public sealed record AlarmBudget(double PerMonth, double Spent, int Rollouts)
{
    /// <summary>Comparisons of a rollout at most: as a candidate, and after its promotion.</summary>
    public const int Comparisons = 2;

    /// <summary>No rollout gets less, also when a budget is lowered below what is spent: what never rolls back is no safety net.</summary>
    public const double LeastAlpha = 1e-9;

    /// <summary>How long a rollout is charged for.</summary>
    public static TimeSpan Month { get; } = TimeSpan.FromDays(30);

    /// <summary>What can still be spent.</summary>
    public double Left => Math.Max(0, PerMonth - Spent);

    /// <summary>The account of an alias.</summary>
    /// <param name="charges">Of each rollout of the last thirty days: its alpha, and how many comparisons it makes or made.</param>
    public static AlarmBudget Of(double perMonth, IEnumerable<(double Alpha, int Comparisons)> charges)
    {
        var (spent, rollouts) = (0.0, 0);
        foreach (var (alpha, comparisons) in charges)
        {
            spent += alpha * comparisons;
            rollouts += comparisons > 0 ? 1 : 0;
        }

        return new(perMonth, spent, rollouts);
    }

    /// <summary>The alpha of the next rollout.</summary>
    /// <param name="asked">What its plan asks for.</param>
    public double Allow(double asked) => Math.Min(asked, Math.Max(LeastAlpha, Left / (2 * Comparisons)));
}
