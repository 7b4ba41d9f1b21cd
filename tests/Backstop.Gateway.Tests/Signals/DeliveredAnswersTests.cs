using Backstop.Core.Routing;
using Backstop.Gateway.Signals;

namespace Backstop.Gateway.Tests.Signals;

public sealed class DeliveredAnswersTests
{
    private static readonly Route Route = new() { Alias = "assistant:prod", Epoch = 1, Generation = 1, Current = "digest", Salt = "salt" };

    private readonly DeliveredAnswers _answers = new();

    [Fact]
    public void Where_a_million_wait_for_hours_an_id_is_looked_for_in_few_places_and_found()
    {
        const int Many = 1_000_000;
        for (var i = 0; i < Many; i++)
        {
            Add(i);
        }

        Assert.InRange(_answers.Parts, 1, 200);
        for (var i = 0; i < Many; i += 997)
        {
            Assert.Equal(i + 1, _answers.Find(KeyOf(i)).Until);
        }

        Assert.True(System.Runtime.CompilerServices.Unsafe.IsNullRef(ref _answers.Find(KeyOf(Many))));
    }

    [Fact]
    public void As_many_come_as_go_in_their_order_however_many_wait_at_one_time()
    {
        var (first, next) = (0, 0);
        foreach (var waiting in (int[])[10, 100_000, 1_500, 70_000, 0, 3_000, 0])
        {
            while (next - first < waiting)
            {
                Add(next++);
            }

            while (next - first > waiting)
            {
                Add(next++);
                Assert.True(_answers.TryExpire(At(first), out var one) && _answers.TryExpire(At(first + 1), out _));
                Assert.Equal(KeyOf(first), one.Key);
                first += 2;
            }

            Assert.False(_answers.TryExpire(At(first - 1), out _));
            Assert.All((int[])[first, next - 1], i => Assert.Equal(i < first || i >= next, System.Runtime.CompilerServices.Unsafe.IsNullRef(ref _answers.Find(KeyOf(i)))));
        }
    }

    // When the time of one is over.
    private static DateTimeOffset At(int i) => new(i + 1, TimeSpan.Zero);

    private static RequestKey KeyOf(int i) => new((ulong)i * 0x9E3779B97F4A7C15, (ulong)i);

    private void Add(int i) => _answers.Add(new(KeyOf(i), Route, default, i + 1, null), isLatest: true);
}
