using System.Runtime.CompilerServices;

namespace Backstop.Gateway.Requests;

/// <summary>Texts that take long to look at are not looked at on a thread that waits for sockets: others wait for it too.</summary>
internal static class LongText
{
    // Below it, going elsewhere would cost about as much as it spares.
    private const int Bytes = 8 * 1024;

    /// <summary>Goes on with a thread of the pool when the ring has much to look at.</summary>
    public static Aside Elsewhere(int bytes) => new(bytes > Bytes);

    /// <summary>To be awaited.</summary>
    public readonly struct Aside(bool isLong) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => !isLong;

        public Aside GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => ThreadPool.QueueUserWorkItem(static next => next(), continuation, preferLocal: false);

        public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
    }
}
