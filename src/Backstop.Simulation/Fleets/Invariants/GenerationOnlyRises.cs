namespace Backstop.Simulation.Fleets.Invariants;

/// <summary>No gateway goes back, not even by starting again.</summary>
public sealed class GenerationOnlyRises : Invariant
{
    private readonly Dictionary<string, long> _served = new(StringComparer.Ordinal);
    private long _committed;

    /// <inheritdoc/>
    public override string Promise => "A gateway never applies a lower generation, and the store never writes one.";

    /// <inheritdoc/>
    public override void See(FleetEvent e)
    {
        switch (e)
        {
            case FleetEvent.Applied applied:
                var before = _served.GetValueOrDefault(applied.Who);
                if (applied.Generation < before || (applied.Generation == before && !applied.FromDisk))
                {
                    Broken($"{applied.Who} served generation {before} and then {applied.Generation}");
                }

                _served[applied.Who] = Math.Max(before, applied.Generation);
                break;
            case FleetEvent.Committed committed:
                if (committed.Generation < _committed)
                {
                    Broken($"the store held generation {_committed} and then {committed.Generation}");
                }

                _committed = committed.Generation;
                break;
        }
    }
}
