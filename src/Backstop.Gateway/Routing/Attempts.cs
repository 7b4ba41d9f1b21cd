namespace Backstop.Gateway.Routing;

/// <summary>
/// The replicas one request may be sent to, one after the other: each once, and again only within the release's retry budget. What could not
/// be reached was sent nothing, so the next one costs nothing.
/// </summary>
public sealed class Attempts(ReleasePool pool, Random random)
{
    // Two of one request may be asked at one time.
    private readonly Lock _gate = new();
    private List<Replica>? _tried;
    private Replica? _last;
    private bool _nothingSent;

    /// <summary>The replica that answers, else the one that was asked last, or null.</summary>
    public Replica? Last => Answers ?? _last;

    /// <summary>Whether more than one was asked.</summary>
    public bool Repeats => _tried is { Count: > 0 };

    /// <summary>The replica that answers where two were asked at one time.</summary>
    public Replica? Answers { get; set; }

    /// <summary>The replica that was to be asked could not be reached.</summary>
    /// <remarks>A burst of requests finds a dead replica all at once, before it rests. There is no load in that which a budget must bound.</remarks>
    public void NotReached()
    {
        lock (_gate)
        {
            _nothingSent = true;
        }
    }

    /// <summary>The replica to ask now; null when none is left or has room, no retry is left to pay for one, or the release was dropped here.</summary>
    public Replica? Next()
    {
        if (pool.IsDropped)
        {
            return null;
        }

        lock (_gate)
        {
            if (_last is null)
            {
                pool.Budget.Save();
            }
            else
            {
                (_tried ??= []).Add(_last);
                if (_tried.Count > pool.Release.Serving.Retries.Most || _tried.Count == pool.Size || !(_nothingSent || pool.Budget.TrySpend()))
                {
                    return null;
                }

                _nothingSent = false;
            }

            return pool.Choose(_tried, random) is { } next ? _last = next : null;
        }
    }
}
