namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary>Decides whether every operation of a history can have taken effect at one moment between its call and its return.</summary>
/// <remarks>
/// Wing and Gong's search ("Testing and verifying concurrent objects", 1993) with Lowe's memory of what was tried (2017): pick any
/// operation that was called before every remaining one returned, let it take effect, go on. Exponential in the number of
/// operations that overlap, so histories are short and many. An operation without an answer may take effect at any time or never.
/// </remarks>
internal static class LinearizabilityChecker
{
    /// <summary>At most this many operations: the set of those done is kept as bits.</summary>
    public const int MostSteps = 64;

    public static bool IsLinearizable(IReadOnlyList<Step> history, AliasModel start)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(history.Count, MostSteps);
        var answered = 0UL;
        for (var i = 0; i < history.Count; i++)
        {
            answered |= history[i].IsUnknown ? 0 : 1UL << i;
        }

        return CanFinish(history, start, done: 0, answered, tried: []);
    }

    private static bool CanFinish(IReadOnlyList<Step> history, AliasModel state, ulong done, ulong answered, HashSet<(ulong, string)> tried)
    {
        if ((answered & ~done) == 0)
        {
            return true;
        }

        if (!tried.Add((done, state.Key)))
        {
            return false;
        }

        var firstReturn = long.MaxValue;
        for (var i = 0; i < history.Count; i++)
        {
            if ((done & (1UL << i)) == 0)
            {
                firstReturn = Math.Min(firstReturn, history[i].Returned);
            }
        }

        for (var i = 0; i < history.Count; i++)
        {
            var step = history[i];
            if ((done & (1UL << i)) == 0 && step.Called <= firstReturn
                && state.After(step.Operation, step.Answer) is { } next
                && CanFinish(history, next, done | (1UL << i), answered, tried))
            {
                return true;
            }
        }

        return false;
    }
}
