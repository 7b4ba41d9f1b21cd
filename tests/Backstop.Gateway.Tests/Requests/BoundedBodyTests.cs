using Backstop.Gateway.Requests;
using CsCheck;

namespace Backstop.Gateway.Tests.Requests;

public sealed class BoundedBodyTests
{
    // What a header says need not be true.
    private static readonly Gen<long?> Announced = Gen.OneOf(Gen.Const(() => (long?)null), Gen.Const(() => (long?)long.MaxValue), Gen.Long[0, 20_000].Select(bytes => (long?)bytes));

    [Fact]
    public async Task A_body_within_the_limit_is_whole_one_beyond_it_is_refused_and_neither_takes_more_memory_than_the_limit() =>
        await Gen.Select(Gen.Int[0, 100_000], Gen.Int[1, 70_000], Announced).SampleAsync(async (length, limit, announced) =>
        {
            using var stream = new Watched(length);
            var time = new RequestTime(TimeSpan.FromMinutes(1), TimeProvider.System, CancellationToken.None);
            var body = await BoundedBody.Read(stream, limit, announced, time, TimeSpan.FromMinutes(1));

            return (length > limit ? body is null : body?.Memory.Length == length) && stream.LargestEnd <= limit + 1;
        }, iter: 300);

    /// <summary>Knows how much room it was ever offered in all.</summary>
    private sealed class Watched(int length) : MemoryStream(new byte[length])
    {
        public long LargestEnd { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            LargestEnd = Math.Max(LargestEnd, Position + buffer.Length);
            return base.ReadAsync(buffer, cancellationToken);
        }
    }
}
