namespace Backstop.Gateway.Tests.Harness;

/// <summary>The machine's clock, whose hands a test can move: the time of day, and apart from it the time since the start.</summary>
internal sealed class JumpingClock : TimeProvider
{
    private long _wall;
    private long _passed;

    public void JumpWall(TimeSpan by) => Interlocked.Add(ref _wall, by.Ticks);

    public void LetPass(TimeSpan time) => Interlocked.Add(ref _passed, time.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _wall));

    public override long GetTimestamp() =>
        System.GetTimestamp() + (long)(TimeSpan.FromTicks(Interlocked.Read(ref _passed)).TotalSeconds * System.TimestampFrequency);
}
