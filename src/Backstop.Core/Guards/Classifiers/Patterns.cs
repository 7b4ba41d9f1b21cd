using System.Numerics;
using System.Runtime.Intrinsics;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>How a stretch of words is built, as hashes of features, of what each word is; reused by all stretches of a thread.</summary>
/// <remarks>
/// What the words are decides what there is to hash, and no processor foresees it: so words, sequences and pairs are written down
/// without asking, and what does not count is written over by the next. The caller can then look up what all hashes weigh in one loop in
/// which nothing is decided, so that the processor fetches many weights at once.
/// </remarks>
internal sealed class Patterns
{
    private const uint Edge = 2;
    private const uint Quoted = 0x1_0000;
    private const int First = Longest - 1;

    // The longest sequence, the farthest pair by listed words between and by words, and most kinds of words that are looked at together.
    private const int Longest = 5;
    private const int Reach = 5;
    private const int ReachInWords = 8;
    private const int MostTogether = 8;

    // Twos and threes of so many, and what is written beyond what counts.
    private const int AllTogether = MostTogether * (MostTogether - 1) / 2 * (1 + ((MostTogether - 2) / 3));
    private const int Slack = 16;

    private static readonly Vector256<int> Older = Vector256.Create(0, 0, 1, 2, 3, 4, 5, 6);

    // The codes of the words that are kept, after as many that are nothing as a sequence goes back, and an edge.
    private uint[] _codes = new uint[64 + Longest + 1];
    private int _end;

    // How many were kept when each word had been read, and whether the last that was no filler was nothing.
    private int[] _ends = new int[64];
    private int _wasOther;
    private int _count;

    // The listed words and those with a role, and where they stand: among the words that are kept and among all.
    private (uint Kind, int At, int Place)[] _kinds = new (uint, int, int)[64];
    private int _kindCount;
    private int _nextKind;

    // The last listed word of those that are kept, and the first word with which no sequence ends that was written down.
    private int _mark;
    private int _sequenced;

    // The last listed words, the newest first.
    private Vector256<uint> _listed;
    private Vector256<int> _places;

    private readonly uint[] _together = new uint[MostTogether];
    private int _togetherCount;

    private uint[] _hashes = new uint[1024];

    /// <summary>Reads a stretch of which all words are known.</summary>
    /// <param name="words">At least one.</param>
    /// <param name="text">Where they stand.</param>
    public void ReadAll(ReadOnlySpan<KnownWord> words, FoldedText text)
    {
        Begin(words.Length);
        Read(words, text, 0);
        End();
    }

    /// <summary>Begins with a stretch.</summary>
    /// <param name="count">How many words it has.</param>
    public void Begin(int count)
    {
        if (_ends.Length < count)
        {
            (_ends, _kinds, _codes) = (new int[2 * count], new (uint, int, int)[2 * count], new uint[(2 * count) + Longest + 1]);
        }

        (_count, _end, _wasOther, _kindCount, _nextKind) = (count, First + 1, 0, 0, 0);
        (_mark, _sequenced, _togetherCount) = (0, First + 1, 0);
        (_listed, _places) = (default, Vector256.Create(-ReachInWords - 1));
        _codes[First] = Edge;
    }

    /// <summary>Reads the next words.</summary>
    /// <param name="text">Where they stand.</param>
    /// <param name="from">The number of the first among the words of the stretch.</param>
    public void Read(ReadOnlySpan<KnownWord> words, FoldedText text, int from)
    {
        var (codes, ends, kinds) = (_codes, _ends, _kinds);
        var (end, kindCount, wasOther) = (_end, _kindCount, _wasOther);
        for (var i = 0; i < words.Length; i++)
        {
            // A filler is not there, and of words that are nothing one after the other the first stands for all. Numbers, since the
            // compiler makes a branch of most other choices.
            var sense = words[i].Sense;
            var other = sense.Code == WordSense.Other ? 1 : 0;
            var filler = sense.Small == SmallWord.Filler ? 1 : 0;
            var listed = (sense.Small == SmallWord.None ? 1u : 0) & ~(uint)other;
            var code = sense.Code | ((listed & (text.IsQuoted(from + i) ? 1u : 0)) * Quoted);
            var kind = (listed * code) | ((sense.Small < SmallWord.Plain ? 1u : 0) * (uint)sense.Small);
            codes[end] = code;
            kinds[kindCount] = (kind, end, from + i);
            end += 1 - (filler | (other & wasOther));
            kindCount += kind != 0 ? 1 : 0;
            wasOther = other | (filler & wasOther);
            ends[from + i] = end;
        }

        (_end, _kindCount, _wasOther) = (end, kindCount, wasOther);
    }

    /// <summary>Ends the stretch.</summary>
    public void End()
    {
        _codes[_end++] = Edge;
        _ends[_count - 1] = _end;
    }

    /// <summary>The features of the words that were read, up to one of them; good until it is asked again.</summary>
    /// <param name="end">The number of the first word whose features are not wanted.</param>
    public ReadOnlySpan<uint> To(int end)
    {
        var count = 0;
        var most = (Longest * (_ends[end - 1] - _sequenced)) + (Reach * (_kindCount - _nextKind)) + AllTogether + Slack;
        if (_hashes.Length < most)
        {
            _hashes = new uint[2 * most];
        }

        for (; _nextKind < _kindCount && _kinds[_nextKind].Place < end; _nextKind++)
        {
            var (kind, at, place) = _kinds[_nextKind];
            count += AddTogether(Features.Mix(kind), _hashes.AsSpan(count));
            if (kind > (uint)SmallWord.Filler)
            {
                count += AddSequences(at, _hashes.AsSpan(count));
                count += AddPairs(kind, place, _hashes.AsSpan(count));
                _mark = at;
            }
        }

        count += AddSequences(_ends[end - 1], _hashes.AsSpan(count));
        return _hashes.AsSpan(0, count);
    }

    // Those that have a listed word and end before the next, which stands at an end.
    private int AddSequences(int end, Span<uint> into)
    {
        var (count, near) = (0, Math.Min(end, _mark + Longest));
        for (var at = _sequenced; at < near; at++)
        {
            var codes = _codes.AsSpan(at - (Longest - 1), Longest);
            var (hash, words) = (0x51u, at - _mark);
            if (at < First + Longest - 1)
            {
                for (var i = 0; i <= at - First; i++)
                {
                    hash = Features.Append(hash, codes[^(i + 1)]);
                    into[count] = hash;
                    count += i >= words ? 1 : 0;
                }

                continue;
            }

            // From the longest to the shortest: those that are too short to count come last, and are written over.
            into[count + 4] = hash = Features.Append(hash, codes[4]);
            into[count + 3] = hash = Features.Append(hash, codes[3]);
            into[count + 2] = hash = Features.Append(hash, codes[2]);
            into[count + 1] = hash = Features.Append(hash, codes[1]);
            into[count] = Features.Append(hash, codes[0]);
            count += Longest - words;
        }

        _sequenced = end;
        return count;
    }

    // What is added up is mixed before, once for each: the order does not count.
    private int AddTogether(uint own, Span<uint> into)
    {
        var others = Vector256.Create(_together);
        var known = Vector256.Equals(others, Vector256.Create(own)).ExtractMostSignificantBits() & ((1u << _togetherCount) - 1);
        if (known != 0 || _togetherCount == MostTogether)
        {
            return 0;
        }

        var count = 0;
        for (var i = 0; i < _togetherCount; i++)
        {
            var two = own + _together[i];
            into[count++] = two;
            ((Vector256.Create(two) + others) ^ Vector256.Create(0x7777u)).CopyTo(into[count..]);
            count += i;
        }

        _together[_togetherCount++] = own;
        return count;
    }

    private int AddPairs(uint code, int place, Span<uint> into)
    {
        var near = Vector256.LessThanOrEqual(Vector256.Create(place) - _places, Vector256.Create(ReachInWords)).ExtractMostSignificantBits();
        Features.Append(Features.Append(Vector256.Create(0x77u), _listed), Vector256.Create(code)).CopyTo(into);
        (_listed, _places) = (Vector256.Shuffle(_listed, Older.AsUInt32()).WithElement(0, code), Vector256.Shuffle(_places, Older).WithElement(0, place));
        return BitOperations.PopCount(near & ((1u << Reach) - 1));
    }
}
