namespace Backstop.Gateway.Tests.Harness;

/// <summary>Asks until the answer is right, or fails with the last answer.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    public static async Task<T> Is<T>(Func<T> ask, Func<T, bool> right)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        T answer;
        do
        {
            answer = ask();
            if (right(answer))
            {
                return answer;
            }
        }
        while (TimeProvider.System.GetElapsedTime(started) < Deadline && await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken));

        throw new TimeoutException($"Still not right after {Deadline.TotalSeconds} s: {answer}");
    }

    /// <summary>A signal that must come; how long it takes does not matter.</summary>
    public static Task<T> Comes<T>(this Task<T> signal) => signal.WaitAsync(Deadline, TestContext.Current.CancellationToken);

    /// <inheritdoc cref="Comes{T}"/>
    public static Task Comes(this Task signal) => signal.WaitAsync(Deadline, TestContext.Current.CancellationToken);
}
