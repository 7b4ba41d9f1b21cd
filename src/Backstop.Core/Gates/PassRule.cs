using System.Globalization;
using Backstop.Core.Guards;

namespace Backstop.Core.Gates;

/// <summary>When a release passes a suite, and how probable both errors are. All of it is known before anything is asked.</summary>
public sealed record PassRule
{
    /// <summary>Answers of one whole run, at least 1.</summary>
    public required int Runs { get; init; }

    /// <summary>The release fails when more answers than this fail.</summary>
    public required int FailIfMoreThan { get; init; }

    /// <summary>The failure rate of a release that should pass, 0 to 1; null when the suite does not say.</summary>
    public double? GoodFailRate { get; init; }

    /// <summary>The failure rate of a release that should not.</summary>
    public double? BadFailRate { get; init; }

    /// <summary>How improbable it must be by chance that so many cases are worse than with another release, for that to stop it: above 0 to 0.5.</summary>
    public double WorseIfBelow { get; init; } = 0.01;

    /// <summary>Probability of stopping a release as bad as assumed; null when nothing is assumed.</summary>
    public double? Power => BadFailRate is { } rate ? Binomial.Above(Runs, FailIfMoreThan, rate) : null;

    /// <summary>Probability of stopping a release as good as assumed; null when nothing is assumed.</summary>
    public double? FalseBlock => GoodFailRate is { } rate ? Binomial.Above(Runs, FailIfMoreThan, rate) : null;

    /// <summary>The least failure rate that is stopped in 95 of 100 runs.</summary>
    public double Catches => Binomial.RateAbove(Runs, FailIfMoreThan, GateDesign.LeastPower);

    /// <summary>The greatest failure rate that is stopped in no more than one of 1,000 runs.</summary>
    public double Forgives => Binomial.RateAbove(Runs, FailIfMoreThan, GateDesign.MostFalseBlock);

    /// <summary>What is doubtful about the rule; null when nothing is.</summary>
    public string? Doubt => Power < GateDesign.LeastPower
        ? string.Create(CultureInfo.InvariantCulture, $"A release that fails {BadFailRate:0.##%} is let through with probability {1 - Power:0.###}: ask more, or allow fewer failures.")
        : FalseBlock > GateDesign.MostFalseBlock
        ? string.Create(CultureInfo.InvariantCulture, $"A good release is stopped with probability {FalseBlock:0.####}; more than {GateDesign.MostFalseBlock} makes a hundred such gates a nuisance.")
        : null;

    /// <summary>The rule in words.</summary>
    public string Words
    {
        get
        {
            var told = BadFailRate is { } bad ? $"stops a release that fails {bad:0.##%} with probability {Power:0.####}" : (FormattableString)$"stops what fails {Catches:0.#%} in 95 of 100 runs";
            var false_ = GoodFailRate is { } good ? $"one that fails {good:0.##%} with {FalseBlock:0.####}" : (FormattableString)$"what fails {Forgives:0.##%} in one of 1,000";
            return string.Create(CultureInfo.InvariantCulture, $"fails when more than {FailIfMoreThan} of {Runs} answers fail; {told.ToString(CultureInfo.InvariantCulture)}, {false_.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    /// <summary>Reads <c>decide</c>. Without a limit the least one is chosen that stops a good release seldom enough; without a good rate, nothing may fail.</summary>
    /// <exception cref="FormatException">No limit can do what is asked for.</exception>
    internal static PassRule Read(PolicyNode? decide, int runs)
    {
        var (limit, share) = (decide?.Integer("failIfMoreThan", 0, 1_000_000), decide?.Number("maxFailRate", 0, 1));
        var (good, bad) = (decide?.Number("goodFailRate", 0, 1), decide?.Number("badFailRate", 0, 1));
        var worse = decide?.Number("worseIfBelow", 1e-9, 0.5);
        decide?.Done();
        var rule = new PassRule
        {
            Runs = runs,
            FailIfMoreThan = limit ?? (share is { } part ? (int)Math.Floor(part * runs) : good is { } rate ? GateDesign.LimitFor(runs, rate) : 0),
            GoodFailRate = good,
            BadFailRate = bad,
            WorseIfBelow = worse ?? 0.01,
        };
        return good >= bad ? throw new FormatException("decide: 'goodFailRate' must be the smaller of both rates.")
            : limit is null && share is null && rule.Power < GateDesign.LeastPower ? throw new FormatException(string.Create(
                CultureInfo.InvariantCulture,
                $"decide: {runs} answers cannot tell {bad:0.##%} from {good:0.##%}: at most {rule.Power:0.##} of such bad releases would be stopped. Write more cases, raise 'samples', or give 'failIfMoreThan'."))
            : rule;
    }
}
