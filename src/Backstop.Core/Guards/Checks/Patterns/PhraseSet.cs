using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks.Patterns;

/// <summary>Phrases to look for, word by word and all at once (Aho and Corasick 1975). Case, accents and punctuation do not matter.</summary>
public sealed class PhraseSet
{
    private const int LongestWord = 40;

    // Words further apart than this are no phrase.
    private const int WidestGap = 16;

    private readonly Dictionary<(int Node, ulong Word), int> _next = [];
    private readonly List<int> _depth = [0];
    private readonly List<int> _fail = [0];
    private readonly List<(int Words, string Rule)?> _found = [null];

    /// <param name="phrases">Phrases and the rule that each belongs to.</param>
    public PhraseSet(IEnumerable<(string Phrase, string Rule)> phrases)
    {
        foreach (var (phrase, rule) in phrases)
        {
            Add(phrase, rule);
        }

        Link();
    }

    public bool IsEmpty => _depth.Count == 1;

    /// <summary>Most characters that a <see cref="Follower"/> holds back.</summary>
    public int MaxHold => Longest + LongestWord + WidestGap;

    // From the beginning of a phrase to its end, as long as it is followed.
    private int Longest { get; set; }

    private void Add(string phrase, string rule)
    {
        var (node, at, words) = (0, 0, 0);
        while (Words.Next(phrase, ref at, LongestWord, final: true) is var length && length > 0)
        {
            var key = (node, WordHash.Of(phrase.AsSpan(at, length)));
            if (!_next.TryGetValue(key, out node))
            {
                node = _depth.Count;
                _next.Add(key, node);
                _depth.Add(++words);
                _fail.Add(0);
                _found.Add(null);
            }
            else
            {
                words++;
            }

            at += length;
        }

        if (node > 0)
        {
            _found[node] = (words, rule);
            Longest = Math.Max(Longest, (phrase.Length * 2) + (words * WidestGap));
        }
    }

    // Nodes were numbered along each phrase, so shorter ones must be linked first.
    private void Link()
    {
        foreach (var ((parent, word), node) in _next.OrderBy(edge => _depth[edge.Value]))
        {
            if (parent > 0)
            {
                var fail = _fail[parent];
                while (true)
                {
                    if (_next.TryGetValue((fail, word), out var target))
                    {
                        _fail[node] = target;
                        break;
                    }

                    if (fail == 0)
                    {
                        break;
                    }

                    fail = _fail[fail];
                }
            }

            _found[node] ??= _found[_fail[node]];
        }
    }

    /// <summary>Looks for the phrases in one text that may come in pieces.</summary>
    public sealed class Follower(PhraseSet phrases)
    {
        private readonly Queue<int> _starts = [];
        private int _node;
        private int _readTo;
        private int _lastEnd;

        /// <summary>Reports the phrases that are complete.</summary>
        /// <returns>The position in the window before which no phrase can begin any more.</returns>
        public int Scan(in ScanWindow window, Action<string, int, int> report)
        {
            var text = window.Text;
            var at = Math.Max(window.From, _readTo - window.Origin);
            while (Words.Next(text, ref at, LongestWord, window.Final) is var length && length > 0)
            {
                var start = window.Origin + at;
                EndBefore(start);
                Step(WordHash.Of(text.Slice(at, length)), start);
                (_lastEnd, at) = (start + length, at + length);
                if (phrases._found[_node] is { } found)
                {
                    var first = _starts.ElementAt(_starts.Count - found.Words);
                    report(found.Rule, first, _lastEnd - first);
                    Reset();
                }

                while (_starts.Count > 0 && _lastEnd - _starts.Peek() > phrases.Longest)
                {
                    MoveTo(phrases._fail[_node]);
                }
            }

            _readTo = window.Origin + at;
            EndBefore(_readTo);
            return window.Final ? text.Length : (_starts.Count > 0 ? _starts.Peek() : _readTo) - window.Origin;
        }

        private void EndBefore(int position)
        {
            if (position - _lastEnd > WidestGap)
            {
                Reset();
            }
        }

        private void Reset() => MoveTo(0);

        private void Step(ulong word, int start)
        {
            int next;
            while (!phrases._next.TryGetValue((_node, word), out next) && _node > 0)
            {
                MoveTo(phrases._fail[_node]);
            }

            _starts.Enqueue(start);
            MoveTo(next);
        }

        private void MoveTo(int node)
        {
            _node = node;
            while (_starts.Count > phrases._depth[node])
            {
                _starts.Dequeue();
            }
        }
    }
}
