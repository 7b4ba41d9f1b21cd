using Backstop.Core.Guards;

namespace Backstop.Core.Gates;

/// <summary>Judges answers of one release: by its own ring, by the gate's, and by the right answer.</summary>
/// <remarks>
/// What the ring repairs is a failure here. The ring protects users from a release; a gate asks whether the release is good.
/// </remarks>
public sealed class AnswerJudge
{
    private readonly RingContext _context;
    private readonly Ring[] _rings;

    private AnswerJudge(string alias, Ring[] rings) => (_context, _rings) = (new(alias), rings);

    /// <summary>The judge of a release.</summary>
    /// <param name="alias">The alias it would serve.</param>
    /// <param name="ownPolicy">The release's guard policy as JSON, or null for the default one.</param>
    /// <param name="extraPolicy">See <see cref="Gate.ExtraPolicy"/>.</param>
    /// <exception cref="GuardPolicyException">A policy cannot be used.</exception>
    public static AnswerJudge Of(string alias, string? ownPolicy, string? extraPolicy)
    {
        // A judge answers the same whenever it is asked, so it asks nobody outside.
        var own = Ring.Compile(ownPolicy is null ? GuardPolicy.Default : GuardPolicy.Parse(ownPolicy)).Local;
        return new(alias, extraPolicy is null ? [own] : [own, Ring.Compile(GuardPolicy.Parse(extraPolicy)).Local]);
    }

    /// <summary>What became of one answer.</summary>
    public RunOutcome Judge(GateCase asked, string answer)
    {
        foreach (var ring in _rings)
        {
            var ruling = ring.Open(_context).ScreenOutput(ScanUnit.Output(answer));
            if (ruling.Disposition >= Disposition.Fix && ruling.Findings.Length > 0)
            {
                return new RunOutcome.Failed(ruling.DecidedBy ?? ruling.Findings[0].Check);
            }

            if (ruling.Errors.Length > 0)
            {
                return new RunOutcome.Unknown($"check {ruling.Errors[0].Check}: {ruling.Errors[0].Reason}");
            }
        }

        return asked.Expected is null || ExpectedAnswer.IsIn(answer, asked.Expected)
            ? RunOutcome.Passed.Instance
            : new RunOutcome.Failed("expected");
    }
}
