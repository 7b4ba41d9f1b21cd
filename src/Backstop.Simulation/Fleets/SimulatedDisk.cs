using Backstop.Simulation.Random;

namespace Backstop.Simulation.Fleets;

/// <summary>A disk that takes its time: one write after the other, and what was not written when its process died never was.</summary>
/// <param name="mean">Mean time of a write; zero for a disk that is done at once.</param>
internal sealed class SimulatedDisk(World world, TimeSpan mean, SplitMix64 random)
{
    private DateTimeOffset _freeAt;

    /// <summary>Writes.</summary>
    /// <param name="lives">Whether the process that began it is still there.</param>
    /// <param name="written">What is on disk then, and what follows from it.</param>
    public void Write(Func<bool> lives, Action written)
    {
        if (mean == TimeSpan.Zero)
        {
            written();
            return;
        }

        _freeAt = (world.Now > _freeAt ? world.Now : _freeAt) + random.Wait(mean);
        world.Time.After(_freeAt - world.Now, () =>
        {
            if (lives())
            {
                written();
            }
        });
    }
}
