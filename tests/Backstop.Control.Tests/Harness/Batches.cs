using Backstop.Protocol;

namespace Backstop.Control.Tests.Harness;

/// <summary>Batches as a gateway would send them.</summary>
internal static class Batches
{
    /// <summary>One bucket of one arm, in both groups: known when answered, and known when labelled.</summary>
    public static SignalBatch Of(string alias, long generation, int arm, long correct, long toxic, DateTimeOffset? at = null)
    {
        var bucket = (at ?? DateTimeOffset.UtcNow).ToUnixTimeMilliseconds() / 250 * 250;
        var batch = new SignalBatch();
        foreach (var group in new[] { 0, 1 })
        {
            // Correct, wrong, unlabelled, toxic: in the form group nobody knows yet whether an answer is right.
            long[] outcomes = group == 0 ? [0, 0, correct, toxic, 0, 0, 0, 0, 0] : [correct, 0, 0, toxic, 0, 0, 0, 0, 0];
            var epoch = new EpochCounts { Alias = alias, Epoch = 1, Generation = generation, Bucket = bucket, Group = group };
            epoch.Cells.Add(new Cell { Arm = arm, Outcomes = { outcomes }, Served = { 0, 0, correct, toxic, 0, 0 } });
            batch.Epochs.Add(epoch);
        }

        return batch;
    }
}
