using System.Collections.Immutable;
using Backstop.Control.Registry;
using Backstop.Core.Gates;
using Backstop.Core.Registry;

namespace Backstop.Control.Gates;

/// <summary>Asks every gate of an alias every release that was bad.</summary>
public sealed class MatrixRunner(GateStore gates, GateRunner runner, AliasStore aliases, ReleaseStore releases)
{
    /// <summary>Runs the gates that are not retired, one after the other.</summary>
    public async Task<(KillMatrix Matrix, ImmutableArray<Gate> Gates, ImmutableArray<Release> Bad)> Run(string alias, CancellationToken cancel)
    {
        var kept = (await gates.All(alias)).Where(g => g.State != GateState.Retired).ToImmutableArray();
        var digests = kept.Select(g => g.Certificate?.BadRelease).OfType<string>()
            .Concat((await aliases.Find(alias))?.Quarantined ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var bad = ImmutableArray.CreateBuilder<Release>();
        foreach (var digest in digests)
        {
            bad.Add(await releases.Get(digest));
        }

        var rows = ImmutableArray.CreateBuilder<GateKills>();
        foreach (var gate in kept)
        {
            var verdicts = ImmutableSortedDictionary.CreateBuilder<string, GateVerdict>(StringComparer.Ordinal);
            foreach (var release in bad)
            {
                verdicts[release.Digest] = (await runner.Run(gate, release, progress: null, cancel)).Verdict;
            }

            rows.Add(new(gate.Id, gate.Runs, verdicts.ToImmutable()));
        }

        return (new(rows.ToImmutable()), kept, bad.ToImmutable());
    }
}
