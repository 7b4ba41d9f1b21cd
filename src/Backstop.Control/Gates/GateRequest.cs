using System.Collections.Immutable;
using Backstop.Control.Api;
using Backstop.Core.Gates;
using Backstop.Core.Guards;
using Backstop.Core.Text;

namespace Backstop.Control.Gates;

/// <summary>A gate as a person writes it.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Alias">Whose candidates it judges.</param>
/// <param name="Owner">Who answers for it.</param>
/// <param name="Cases">What is asked; at least one.</param>
/// <param name="FailIfMoreThan">The release fails when more answers than this fail.</param>
/// <param name="GoodFailRate">Failure rate that good releases are assumed to have, 0 to 1.</param>
/// <param name="BadFailRate">Failure rate that bad ones are assumed to have, 0 to 1.</param>
/// <param name="ReviewBy">When its owner must say whether it is still worth its cost.</param>
/// <param name="Samples">Fresh answers for each case, 1 to 100; 1 when left out.</param>
/// <param name="State">Enforcing when left out.</param>
internal sealed record GateRequest(
    string Id,
    string Alias,
    string Owner,
    CaseRequest[] Cases,
    int FailIfMoreThan,
    double GoodFailRate,
    double BadFailRate,
    DateTimeOffset ReviewBy,
    int? Samples = null,
    GateState? State = null)
{
    private const int MostCases = 1000;

    /// <summary>The gate.</summary>
    /// <exception cref="RefusedException">A value is out of range; the text names it.</exception>
    public Gate ToGate(DateTimeOffset createdAt)
    {
        var samples = Samples ?? 1;
        var wrong = !Names.IsValid(Id) ? $"'{Id}' is not a name: use 1 to 100 letters, digits, '.', '-' or '_'."
            : !Names.IsAlias(Alias) ? $"'{Alias}' is not an alias: write two names joined by a colon, such as 'assistant:prod'."
            : Owner.Trim().Length is 0 or > 200 ? "'owner' must say in 1 to 200 characters who answers for the gate."
            : Cases.Length is 0 or > MostCases ? $"'cases' has {Cases.Length} cases: write 1 to {MostCases}."
            : samples is < 1 or > 100 ? $"'samples' is {samples}: use 1 to 100."
            : FailIfMoreThan < 0 || FailIfMoreThan >= Cases.Length * samples
                ? $"'fail_if_more_than' is {FailIfMoreThan} of {Cases.Length * samples} answers: a gate that nothing can fail, or everything, is none."
            : !(GoodFailRate >= 0 && BadFailRate <= 1 && GoodFailRate < BadFailRate)
                ? $"'good_fail_rate' is {GoodFailRate} and 'bad_fail_rate' is {BadFailRate}: both are 0 to 1, and the good one is the smaller."
            : null;
        if (wrong is not null)
        {
            throw RefusedException.Invalid(wrong);
        }

        var runs = Cases.Length * samples;
        return new()
        {
            Id = Id,
            Alias = Alias,
            Cases = Checked(),
            SamplesPerCase = samples,
            FailIfMoreThan = FailIfMoreThan,
            BadFailRate = new(BadFailRate, BadFailRate, BadFailRate),
            GoodFailRate = new(GoodFailRate, GoodFailRate, GoodFailRate),
            Power = Binomial.Above(runs, FailIfMoreThan, BadFailRate),
            FalseBlock = Binomial.Above(runs, FailIfMoreThan, GoodFailRate),
            State = State ?? GateState.Enforcing,
            Owner = Owner.Trim(),
            CreatedAt = createdAt,
            ReviewBy = ReviewBy,
        };
    }

    private ImmutableArray<GateCase> Checked()
    {
        if (Cases.GroupBy(c => c.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw RefusedException.Invalid($"Two cases are called '{twice.Key}'.");
        }

        foreach (var asked in Cases)
        {
            if (asked.Messages.Length is 0 or > 100 || asked.Messages.Any(m => ScanUnit.TrustOf(m.Role) == Trust.Untrusted && m.Role is not ("assistant" or "tool")))
            {
                throw RefusedException.Invalid($"Case '{asked.Id}': write 1 to 100 messages of role user, assistant, system, developer or tool.");
            }
        }

        return [.. Cases.Select(c => new GateCase(c.Id, [.. c.Messages.Select(m => new GateMessage(m.Role, m.Content))], c.Expected))];
    }
}

/// <summary>A case as it is sent.</summary>
/// <param name="Expected">The right answer; the release's own checks judge alone when it is left out.</param>
internal sealed record CaseRequest(string Id, CaseMessage[] Messages, string? Expected = null);

/// <summary>A message of a case as it is sent.</summary>
internal sealed record CaseMessage(string Role, string Content);
