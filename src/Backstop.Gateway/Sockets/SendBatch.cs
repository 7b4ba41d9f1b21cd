using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Backstop.Gateway.Sockets;

/// <summary>What one of the threads that wait for sockets has to send, sent together.</summary>
/// <remarks>
/// A thread under load finds many sockets ready at one time. Were each message sent as soon as it is ready, its receiver would be
/// woken for it, and sleep again while this thread looks at the next request; to wake somebody costs more than to send. So what is
/// ready waits until the thread has looked at everything that came. That moment is known by a bell, a socket of the same thread: the
/// first that waits rings it, and the thread hears it after what was ready before.
/// </remarks>
public sealed class SendBatch
{
    [ThreadStatic]
    private static SendBatch? t_own;

    private static readonly byte[] Stroke = [0];

    private static long s_batches;
    private static long s_messages;

    private readonly Coalescing _coalescing = new();
    private readonly Socket _bell;
    private List<Action> _waiting = new(64);
    private List<Action> _leaving = new(64);
    private bool _leaves;

    private SendBatch(Socket bell) => _bell = bell;

    /// <summary>How many batches were sent by this process.</summary>
    public static long Batches => Interlocked.Read(ref s_batches);

    /// <summary>How many messages were in them.</summary>
    public static long Messages => Interlocked.Read(ref s_messages);

    /// <summary>Gives every thread that waits for sockets a batch, where those threads run what follows.</summary>
    /// <param name="threads">How many there are. Sockets go to them in turn, so it is called before there are others.</param>
    public static void Begin(int threads)
    {
        try
        {
            for (var i = 0; i < threads; i++)
            {
                var batch = new SendBatch(SelfConnected());
                _ = batch.Run();
                batch.Ring();
            }
        }
        catch (SocketException)
        {
            // No such sockets here: everything leaves at once.
        }
    }

    /// <summary>To be awaited before a message is sent: goes on at once when nothing is gained by waiting.</summary>
    public static Turn Next() => new(t_own is { } own && own._coalescing.Waits() ? own : null);

    // A datagram socket that sends to itself. Its name is of Linux's own kind, which is no file.
    private static Socket SelfConnected()
    {
        var name = new UnixDomainSocketEndPoint($"\0backstop-{Guid.NewGuid():N}");
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(name);
        socket.Connect(name);
        return socket;
    }

    private async Task Run()
    {
        var heard = new byte[1];
        await _bell.ReceiveAsync(heard.AsMemory());
        if (Thread.CurrentThread.IsThreadPoolThread || t_own is not null)
        {
            _bell.Dispose(); // These threads hand what follows to others, or this one has its batch.
            return;
        }

        for (t_own = this; ; Leave())
        {
            var next = _bell.ReceiveAsync(heard.AsMemory());
            if (_waiting.Count > 0)
            {
                Ring(); // Only now: whoever had something to send again and again would keep this thread from all other sockets.
            }

            await next;
        }
    }

    private void Add(Action message)
    {
        _waiting.Add(message);
        if (_waiting.Count == 1 && !_leaves)
        {
            Ring();
        }
    }

    private void Ring()
    {
        try
        {
            _bell.Send(Stroke);
        }
        catch (SocketException)
        {
            // The system has no memory for a byte. Nobody waits for a bell that is silent, from now on.
            t_own = null;
            _waiting.ForEach(message => ThreadPool.UnsafeQueueUserWorkItem(static m => m(), message, preferLocal: false));
            _waiting.Clear();
        }
    }

    private void Leave()
    {
        (_waiting, _leaving, _leaves) = (_leaving, _waiting, true);
        foreach (var message in _leaving)
        {
            message();
        }

        _coalescing.Left(_leaving.Count);
        Interlocked.Increment(ref s_batches);
        Interlocked.Add(ref s_messages, _leaving.Count);
        _leaving.Clear();
        _leaves = false;
    }

    /// <summary>A place in the next batch.</summary>
    /// <param name="batch">Null to go on at once.</param>
    public readonly struct Turn(SendBatch? batch) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => batch is null;

        public Turn GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => batch!.Add(continuation);

        public void UnsafeOnCompleted(Action continuation) => batch!.Add(continuation);
    }
}
