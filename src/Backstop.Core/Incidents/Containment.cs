using System.Collections.Immutable;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Inputs;

namespace Backstop.Core.Incidents;

/// <summary>A rule at the gateways that was put in force against a fault that no rollback helps against.</summary>
/// <param name="Cause">What it is against.</param>
/// <param name="Rule">Which part of the contract: <c>prompts</c>, <c>features</c> or <c>retrieval</c>.</param>
/// <param name="Words">What it does.</param>
/// <param name="At">When it was durable.</param>
/// <param name="By">Who put it in force.</param>
/// <param name="Generation">The generation of the alias that carries it.</param>
/// <param name="Backtest">What it would have done before.</param>
public sealed record Containment(Cause Cause, string Rule, string Words, DateTimeOffset At, string By, long Generation, RuleBacktest Backtest)
{
    /// <summary>Whether failures went back to what they were; null while nobody knows.</summary>
    public bool? Helped { get; init; }

    /// <summary>The numbers that say so.</summary>
    public string? Because { get; init; }
}

/// <summary>A rule held against what was counted before it was in force.</summary>
/// <param name="QuietFor">How long all was well.</param>
/// <param name="Quiet">Observations while all was well.</param>
/// <param name="QuietTouched">Those of them that the rule would have repaired or refused.</param>
/// <param name="Faulty">Observations since the onset.</param>
/// <param name="FaultyTouched">Those of them that it would have.</param>
public sealed record RuleBacktest(TimeSpan QuietFor, long Quiet, long QuietTouched, long Faulty, long FaultyTouched)
{
    // Of a rule that repairs, more does no harm; of one that refuses, every touch while all is well is a user turned away.
    private const double MostQuiet = 0.01;
    private const double LeastFaulty = 0.05;

    /// <summary>Whether it does what it is for: it lets alone what was well and meets what was not.</summary>
    public bool Holds => Quiet > 0 && Faulty > 0
        && LetsBe && FaultyTouched >= LeastFaulty * Faulty
        && FaultyTouched * Quiet > 5 * QuietTouched * Faulty;

    /// <summary>Whether it lets alone what was well.</summary>
    public bool LetsBe => QuietTouched <= MostQuiet * Quiet;
}

/// <summary>Makes the rule that contains a cause, out of what was usual.</summary>
public static class ContainmentPlan
{
    private const string Prompted = "prompts";
    private const string Featured = "features";
    private const double Stretch = 1.25;

    /// <summary>Whether there is a rule for a cause.</summary>
    public static bool Exists(Cause cause) => RuleFor(cause) is not null;

    /// <summary>The contract with the rule in it; null where there is no rule against the cause, or not enough is known to make one.</summary>
    public static (InputContract Contract, Containment Containment)? Of(Cause cause, InputContract present, InputWatch watch, DateTimeOffset at, string by, long generation)
    {
        var contract = RuleFor(cause) switch
        {
            Prompted when Prompts(watch.Usual) is { IsEmpty: false } known => present with { Prompts = known.Union(present.Prompts ?? []) },
            Featured when Defaults(watch) is { IsEmpty: false } defaults => present with { Defaults = present.Defaults.SetItems(defaults) },
            "retrieval" when Oldest(watch) is { } days => present with { OldestDays = days },
            _ => null,
        };
        if (contract is null || watch.Onset is not { } onset || watch.Begun is not { } begun)
        {
            return null;
        }

        var rule = RuleFor(cause)!;
        var (quiet, quietTouched) = rule == Prompted ? (watch.Unfamiliar.N, watch.Unfamiliar.Hits) : Touched(contract, rule, watch.Usual);
        var (faulty, faultyTouched) = Touched(contract, rule, watch.Since);
        return (contract, new(cause, rule, InWords(contract, rule), at, by, generation, new(onset - begun, quiet, quietTouched, faulty, faultyTouched)));
    }

    /// <summary>The part of a contract that a rule is.</summary>
    public static InputContract PartOf(InputContract contract, string rule) => rule switch
    {
        Prompted => InputContract.None with { Prompts = contract.Prompts, OtherPrompts = contract.OtherPrompts },
        Featured => InputContract.None with { Defaults = contract.Defaults },
        _ => InputContract.None with { OldestDays = contract.OldestDays },
    };

    /// <summary>What a rule would have touched of everything that is remembered by now: while all was well, and since the onset of what is not as usual.</summary>
    /// <param name="part">See <see cref="PartOf"/>.</param>
    public static RuleBacktest Backtest(InputContract part, string rule, InputWatch watch, DateTimeOffset now)
    {
        var ((quiet, quietTouched), (faulty, faultyTouched)) = (Touched(part, rule, watch.Usual), Touched(part, rule, watch.Since));
        return new((watch.Onset ?? now) - (watch.Begun ?? now), quiet, quietTouched, faulty, faultyTouched);
    }

    /// <summary>Whether everything that moved is kept from the releases by the contract already.</summary>
    public static bool Keeps(this InputContract contract, InputChange change) => change.Moved.All(signal => signal.Name switch
    {
        "prompt_fingerprint" => contract.Prompts is not null,
        "feature_nulls" => contract.Defaults.ContainsKey(signal.What ?? ""),
        "retrieval_age" => contract.OldestDays <= signal.After!.Mean,
        _ => false,
    });

    private static string? RuleFor(Cause cause) => cause switch
    {
        Cause.PromptOutOfBand => Prompted,
        Cause.EmptyFeatures => Featured,
        Cause.StaleIndex => "retrieval",
        _ => null,
    };

    private static ImmutableSortedSet<string> Prompts(InputTally usual) =>
        [.. usual.All(InputSignal.PromptFingerprint).Select(c => c.What).Where(what => what is not (InputTally.Others or PromptFingerprint.None))];

    // The mean of what came while all was well: of all constants the one that is nearest to what is missing.
    private static ImmutableSortedDictionary<string, double> Defaults(InputWatch watch) => watch.Since.All(InputSignal.FeatureNulls)
        .Where(now => now.Hits > 0)
        .Select(now => (now.What, Usual: watch.Usual.Of(InputSignal.FeatureValues, now.What)))
        .Where(f => f.Usual.N > 0)
        .ToImmutableSortedDictionary(f => f.What, f => f.Usual.Mean, StringComparer.Ordinal);

    private static double? Oldest(InputWatch watch)
    {
        var (usual, now) = (watch.Usual.Of(InputSignal.RetrievalAge), watch.Since.Of(InputSignal.RetrievalAge));
        var limit = usual.Most * Stretch;
        return usual.N > 0 && now.N > 0 && now.Most > limit ? limit : null;
    }

    private static (long N, long Touched) Touched(InputContract contract, string rule, InputTally tally) => rule switch
    {
        Prompted => Sum(tally.All(InputSignal.PromptFingerprint), c => contract.Knows(c.What) ? 0 : c.N),
        Featured => Sum(tally.All(InputSignal.FeatureNulls).Where(c => contract.Defaults.ContainsKey(c.What)), c => c.Hits),

        // Ages are kept as sums: where the mean is beyond the limit, most of them are, and the least that can be is what the sum leaves.
        _ => Sum(tally.All(InputSignal.RetrievalAge), c => c.Most < contract.OldestDays ? 0 : LeastBeyond(c, contract.OldestDays!.Value)),
    };

    private static (long N, long Touched) Sum(IEnumerable<InputCount> counts, Func<InputCount, long> touched) =>
        counts.Aggregate((N: 0L, Touched: 0L), (sum, c) => (sum.N + c.N, sum.Touched + touched(c)));

    private static long LeastBeyond(InputCount ages, double limit) =>
        ages.Most <= limit ? 1 : Math.Max(1, (long)Math.Ceiling((ages.Sum - (ages.N * limit)) / (ages.Most - limit)));

    private static string InWords(InputContract contract, string rule) => rule switch
    {
        Prompted => $"only the {contract.Prompts!.Count} system messages that were usual pass; the release's own prompt takes the place of any other",
        Featured => $"a null of {string.Join(", ", contract.Defaults.Select(d => FormattableString.Invariant($"{d.Key} counts as {d.Value:0.###}")))}",
        _ => FormattableString.Invariant($"retrieved documents of {contract.OldestDays:0.##} days and more are refused, so that the application answers without them or from its last good index"),
    };
}
