using Backstop.Core.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>The time one request has: until its caller leaves, and never longer than its total.</summary>
/// <remarks>
/// A request waits for one thing at a time, so one timer serves all its waits. It looks once a second whether the wait that is going on
/// is over, and sooner only where a wait is shorter: most requests are answered before it looks at all, and setting a timer for every
/// wait would cost more than most waits do.
/// </remarks>
public sealed class RequestTime : IDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly long _began;
    private readonly CancellationTokenRegistration _leaving;
    private TimeSpan _total;
    private CancellationTokenSource _wait = new();
    private ITimer? _timer;

    // Both since the request began.
    private TimeSpan _deadline;
    private TimeSpan _looksAt;
    private bool _isOver;

    public RequestTime(TimeSpan total, TimeProvider clock, CancellationToken left)
    {
        (_clock, _began, Left) = (clock, clock.GetTimestamp(), left);
        _total = FirstToken = BetweenTokens = total;
        _leaving = left.UnsafeRegister(static time => ((RequestTime)time!).Interrupt(), this);
    }

    /// <summary>Cancelled when the caller has gone.</summary>
    public CancellationToken Left { get; }

    /// <summary>From the request to a release until its answer's headers, and from there to the first piece of a stream.</summary>
    public TimeSpan FirstToken { get; private set; }

    /// <summary>From one piece of an answer to the next.</summary>
    public TimeSpan BetweenTokens { get; private set; }

    /// <summary>Since the request began.</summary>
    public TimeSpan Elapsed => _clock.GetElapsedTime(_began);

    /// <summary>Takes over what the alias and the release that is asked now say. The total counts from the request's beginning.</summary>
    public void Keep(Timeouts timeouts) => (_total, FirstToken, BetweenTokens) =
        (timeouts.Total ?? _total, timeouts.FirstToken ?? FirstToken, timeouts.BetweenTokens ?? BetweenTokens);

    /// <summary>Begins a wait, and ends the one before.</summary>
    /// <returns>Cancelled when the caller leaves, after <paramref name="limit"/>, or when the request's time is over.</returns>
    public CancellationToken Within(TimeSpan limit)
    {
        lock (_gate)
        {
            if (_wait.IsCancellationRequested && !Left.IsCancellationRequested)
            {
                _wait = new();
            }

            var now = Elapsed;
            _deadline = limit < _total - now ? now + limit : _total;
            LookInTime(now);
            return _wait.Token;
        }
    }

    /// <summary>Ends the wait that is going on as if its time were over.</summary>
    public void Interrupt() => Volatile.Read(ref _wait).Cancel();

    // The source of the token is never disposed: it holds nothing, and whoever ends the wait may come at the same moment.
    public void Dispose()
    {
        lock (_gate)
        {
            _isOver = true;
            _timer?.Dispose();
        }

        _leaving.Unregister();
    }

    private void LookInTime(TimeSpan now)
    {
        var next = _deadline < now + Pace ? _deadline : now + Pace;
        if (_timer is not null && now < _looksAt && _looksAt <= next)
        {
            return; // It looks sooner.
        }

        _looksAt = next;

        // Timers count whole milliseconds; one that is a little early would have to look again at once.
        var due = (next > now ? next - now : TimeSpan.Zero) + TimeSpan.FromMilliseconds(1);
        if (_timer is null)
        {
            _timer = _clock.CreateTimer(static time => ((RequestTime)time!).Look(), this, due, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    private void Look()
    {
        CancellationTokenSource wait;
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }

            var now = Elapsed;
            if (now < _deadline)
            {
                _looksAt = TimeSpan.Zero;
                LookInTime(now);
                return;
            }

            wait = _wait;
        }

        wait.Cancel();
    }
}
