namespace Backstop.Core.Guards.Text;

/// <summary>All runs of words of some texts, up to a length, as 64-bit fingerprints.</summary>
/// <remarks>
/// A run's fingerprint is a polynomial of its words' hashes, so that it can be lengthened on the right and shortened on the
/// left at no cost. Two runs are taken for each other with a chance of 2^-64.
/// </remarks>
public sealed class RunSet
{
    internal const ulong Base = 0x9e3779b97f4a7c15;
    private readonly HashSet<ulong> _runs = [];
    private readonly HashSet<ulong> _wholes = [];

    public bool IsEmpty => _runs.Count == 0;

    /// <summary>Adds every run of <paramref name="text"/> of at most <paramref name="longest"/> words.</summary>
    public void Add(string text, int longest)
    {
        var (words, at) = (new List<ulong>(), 0);
        while (Words.Next(text, ref at, 40, final: true) is var length && length > 0)
        {
            words.Add(WordHash.Of(text.AsSpan(at, length)));
            at += length;
        }

        for (var start = 0; start < words.Count; start++)
        {
            var run = 0UL;
            for (var end = start; end < words.Count && end - start < longest; end++)
            {
                run = Append(run, words[end]);
                _runs.Add(run);
            }

            if (start == 0)
            {
                _wholes.Add(run);
            }
        }
    }

    internal bool Contains(ulong run) => _runs.Contains(run);

    internal bool IsWhole(ulong run) => _wholes.Contains(run);

    internal static ulong Append(ulong run, ulong word) => unchecked((run * Base) + (word | 1));
}

/// <summary>Follows the longest run at the end of a text that is in a <see cref="RunSet"/>.</summary>
public sealed class RunFollower(RunSet runs)
{
    private readonly Queue<(ulong Word, int Start)> _words = [];
    private ulong _run;
    private ulong _highest = 1;

    /// <summary>Words in the run.</summary>
    public int Length => _words.Count;

    /// <summary>Where the run begins; null when there is none.</summary>
    public int? Start => _words.Count == 0 ? null : _words.Peek().Start;

    /// <summary>Whether the run is all of a text that was added.</summary>
    public bool IsWhole => runs.IsWhole(_run);

    public void Read(ulong word, int start)
    {
        while (!runs.Contains(RunSet.Append(_run, word)))
        {
            if (_words.Count == 0)
            {
                return;
            }

            DropFirst();
        }

        _highest = _words.Count == 0 ? 1 : unchecked(_highest * RunSet.Base);
        _run = RunSet.Append(_run, word);
        _words.Enqueue((word, start));
    }

    public void Reset()
    {
        _words.Clear();
        (_run, _highest) = (0, 1);
    }

    public void DropFirst()
    {
        var (word, _) = _words.Dequeue();
        _run = unchecked(_run - ((word | 1) * _highest));
        _highest = _words.Count <= 1 ? 1 : unchecked(_highest * Inverse);
    }

    // The inverse of the base modulo 2^64 (Newton), so that the highest power can be lowered again.
    private static readonly ulong Inverse = InverseOf(RunSet.Base);

    private static ulong InverseOf(ulong odd)
    {
        var inverse = odd;
        for (var i = 0; i < 6; i++)
        {
            inverse = unchecked(inverse * (2 - (odd * inverse)));
        }

        return inverse;
    }
}
