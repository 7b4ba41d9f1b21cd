using Backstop.Gateway.Signals;
using Backstop.Protocol;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>Reads what a gateway sends as control does.</summary>
internal static class Reading
{
    public static SignalBatch Read(this PackedBatch batch) => FromGateway.Parser.ParseFrom(batch.Bytes.Span).Batch;

    /// <summary>Everything that became complete since the last call.</summary>
    public static List<SignalBatch> Told(this SignalRecorder signals) => [.. signals.Collect().Select(Read)];
}
