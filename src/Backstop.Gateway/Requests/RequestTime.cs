using Backstop.Core.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>The time one request has: until its caller leaves, and never longer than its total.</summary>
/// <remarks>
/// A request waits for one thing at a time, so one timer serves all its waits. It looks once a second whether the wait that is going on
/// is over, and sooner only where a wait is shorter: most requests are answered before it looks at all, and setting a timer for every
/// wait would cost more than most waits do. For the same reason the next request has it again, timer and all, see <see cref="RequestTimes"/>.
/// </remarks>
public sealed class RequestTime : IDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly RequestTimes? _home;
    private readonly long _made;
    private CancellationTokenRegistration _leaving;
    private TimeSpan _total;
    private CancellationTokenSource _wait = new();
    private ITimer? _timer;

    // All since it was made.
    private TimeSpan _began;
    private TimeSpan _deadline;
    private TimeSpan _looksAt;
    private bool _isOver;
    private bool _isLent;

    public RequestTime(TimeSpan total, TimeProvider clock, CancellationToken left)
        : this(clock, home: null) => Begin(total, left);

    internal RequestTime(TimeProvider clock, RequestTimes? home) => (_clock, _home, _made) = (clock, home, clock.GetTimestamp());

    /// <summary>Cancelled when the caller has gone.</summary>
    public CancellationToken Left { get; private set; }

    /// <summary>From the request to a release until its answer's headers, and from there to the first piece of a stream.</summary>
    public TimeSpan FirstToken { get; private set; }

    /// <summary>From one piece of an answer to the next.</summary>
    public TimeSpan BetweenTokens { get; private set; }

    /// <summary>Since the request began.</summary>
    public TimeSpan Elapsed => Now - _began;

    private TimeSpan Now => _clock.GetElapsedTime(_made);

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

            var now = Now;
            _deadline = limit < _began + _total - now ? now + limit : _began + _total;
            LookInTime(now);
            return _wait.Token;
        }
    }

    /// <summary>Ends the wait that is going on as if its time were over.</summary>
    public void Interrupt()
    {
        CancellationTokenSource wait;
        lock (_gate)
        {
            (wait, _isLent) = (_wait, true);
        }

        wait.Cancel();
    }

    /// <summary>Somebody may ask it for longer than its request lasts: no other request will have it.</summary>
    public void Lend()
    {
        lock (_gate)
        {
            _isLent = true;
        }
    }

    // The source of the token is never disposed: it holds nothing, and whoever ends the wait may come at the same moment.
    public void Dispose()
    {
        // Who cannot take back that the caller's leaving ends the wait does not know when it will.
        var isOurs = _leaving.Unregister() || !Left.CanBeCanceled;
        lock (_gate)
        {
            var isReused = _home is not null && isOurs && !_isLent && !_isOver;
            _isOver = true;
            if (!isReused)
            {
                _timer?.Dispose();
                return;
            }
        }

        _home!.Return(this);
    }

    internal void Begin(TimeSpan total, CancellationToken left)
    {
        // The timer of the request before may look at this moment.
        lock (_gate)
        {
            (Left, _isOver, _began) = (left, false, Now);
            (_total, FirstToken, BetweenTokens, _deadline) = (total, total, total, _began + total);
        }

        _leaving = left.UnsafeRegister(static time => ((RequestTime)time!).Interrupt(), this);
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
                _looksAt = TimeSpan.Zero;
                return;
            }

            var now = Now;
            if (now < _deadline)
            {
                _looksAt = TimeSpan.Zero;
                LookInTime(now);
                return;
            }

            (wait, _isLent) = (_wait, true);
        }

        wait.Cancel();
    }
}
