using Backstop.Protocol;
using InputCount = Backstop.Core.Inputs.InputCount;

namespace Backstop.Gateway.Signals;

/// <summary>What one batch, or several, tell beside epochs.</summary>
internal sealed record BatchParts(
    Started[] Started, Sample[] Samples, ShadowComparison[] Shadows, StageUnits[] Units, (string Alias, long Bucket, InputCount Count)[] Inputs)
{
    /// <summary>Most of one kind in a batch.</summary>
    /// <remarks>A batch must fit into a message, which gRPC takes up to 4 MiB of; what tells the units of an alias apart takes a kilobyte.</remarks>
    public const int MostOfAKind = 1000;

    /// <summary>How many there are of what there is most of.</summary>
    public int Longest { get; } = new[] { Started.Length, Samples.Length, Shadows.Length, Units.Length, Inputs.Length }.Max();

    /// <summary>Adds to a batch what is its turn: the next of each kind from <paramref name="from"/> on.</summary>
    public void AddTo(SignalBatch batch, int from)
    {
        batch.Started.AddRange(Started.Skip(from).Take(MostOfAKind));
        batch.Samples.AddRange(Samples.Skip(from).Take(MostOfAKind));
        batch.Shadows.AddRange(Shadows.Skip(from).Take(MostOfAKind));
        batch.Units.AddRange(Units.Skip(from).Take(MostOfAKind));
        batch.Inputs.AddRange(Inputs.Skip(from).Take(MostOfAKind).Select(i => i.Count.ToMessage(i.Alias, i.Bucket)));
    }
}
