using System.Collections.Immutable;

namespace Backstop.Core.Gates;

/// <summary>Which gate stops which of the releases that were bad, and what that costs: what a gate is worth beside the others.</summary>
/// <param name="Rows">The gates.</param>
public sealed record KillMatrix(ImmutableArray<GateKills> Rows)
{
    /// <summary>So many other gates must stop what a gate stops before it can be done without.</summary>
    public const int Enough = 2;

    /// <summary>The bad releases, in order.</summary>
    public ImmutableArray<string> Releases => [.. Rows.SelectMany(r => r.Verdicts.Keys).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Bad releases that no gate stops.</summary>
    public ImmutableArray<string> Unstopped => [.. Releases.Where(release => !Rows.Any(r => r.Kills(release)))];

    /// <summary>Bad releases that this gate stops and no other does.</summary>
    public ImmutableArray<string> OnlyBy(string gate) =>
        [.. Releases.Where(release => Rows.Where(r => r.Kills(release)).Select(r => r.Gate).ToArray() is [var only] && only == gate)];

    /// <summary>Gates that could be retired together: of what they stop, the gates that are left still stop each release twice.</summary>
    /// <remarks>The dearest goes first. A gate of which nothing is known, because no bad release answers any more, stays.</remarks>
    public ImmutableArray<string> Dispensable()
    {
        var (left, gone) = (Rows.ToList(), ImmutableArray.CreateBuilder<string>());
        foreach (var row in Rows.OrderByDescending(r => r.Answers).ThenBy(r => r.Gate, StringComparer.Ordinal))
        {
            var others = left.Where(r => r.Gate != row.Gate).ToList();
            if (row.Verdicts.Values.Any(v => v != GateVerdict.Inconclusive)
                && row.Verdicts.Keys.Where(row.Kills).All(release => others.Count(r => r.Kills(release)) >= Enough))
            {
                left = others;
                gone.Add(row.Gate);
            }
        }

        return gone.ToImmutable();
    }
}

/// <summary>What one gate says about each of the bad releases.</summary>
/// <param name="Gate">Its id.</param>
/// <param name="Answers">Answers that one run asks for, which is what it costs at every promotion.</param>
/// <param name="Verdicts">By digest of the release. Inconclusive where its servers do not answer any more.</param>
public sealed record GateKills(string Gate, int Answers, ImmutableSortedDictionary<string, GateVerdict> Verdicts)
{
    /// <summary>Whether it stops a release.</summary>
    public bool Kills(string release) => Verdicts.TryGetValue(release, out var verdict) && verdict == GateVerdict.Failed;
}
