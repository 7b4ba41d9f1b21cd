using System.Globalization;

namespace Backstop.Core.Guards.Checks.Patterns;

/// <summary>Tells how long a match of a regular expression can be, so that a stream knows how much it must hold back.</summary>
/// <remarks>Reads the syntax that the linear engine accepts. What it does not understand counts as unbounded, which is safe.</remarks>
internal ref struct PatternLength
{
    private const int Unbounded = int.MaxValue;
    private const int DeepestGroup = 200;
    private readonly ReadOnlySpan<char> _pattern;
    private int _at;
    private int _depth;

    private PatternLength(ReadOnlySpan<char> pattern) => _pattern = pattern;

    /// <summary>Most characters a match can have, or null when there is no bound.</summary>
    public static int? Of(string pattern)
    {
        var reader = new PatternLength(pattern);
        var longest = reader.Alternatives();
        return longest == Unbounded || reader._at < pattern.Length ? null : longest;
    }

    private int Alternatives()
    {
        if (++_depth > DeepestGroup)
        {
            return Unbounded;
        }

        var longest = Sequence();
        while (_at < _pattern.Length && _pattern[_at] == '|')
        {
            _at++;
            longest = Math.Max(longest, Sequence());
        }

        _depth--;
        return longest;
    }

    private int Sequence()
    {
        var sum = 0;
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
        {
            sum = Add(sum, Times(Atom(), Repeats()));
        }

        return sum;
    }

    private int Atom()
    {
        switch (_pattern[_at++])
        {
            case '(':
                return Group();
            case '[':
                return Class();
            case '\\':
                return Escape();
            case '^' or '$':
                return 0;
            default:
                return 1;
        }
    }

    private int Group()
    {
        if (_at + 1 < _pattern.Length && _pattern[_at] == '?')
        {
            var colon = _pattern[_at..].IndexOfAny(':', '>', '\'');
            var head = colon < 0 ? _pattern[_at..] : _pattern.Slice(_at, colon);
            if (colon < 0 || head.Contains('x') && !head.Contains('<') || head.Contains(')') || head.Contains('#'))
            {
                return Unbounded; // Options for the rest, or spaces that do not count.
            }

            _at += colon + 1;
        }

        var longest = Alternatives();
        if (_at == _pattern.Length)
        {
            return Unbounded;
        }

        _at++;
        return longest;
    }

    private int Class()
    {
        _at += Is('^') ? 1 : 0;
        _at += Is(']') ? 1 : 0; // A bracket that comes first is one of the class.
        for (; _at < _pattern.Length; _at++)
        {
            switch (_pattern[_at])
            {
                case '\\':
                    _at++;
                    break;
                case '[' when _pattern[_at - 1] == '-':
                    _at++;
                    _ = Class(); // Taken away from the class.
                    _at--;
                    break;
                case ']':
                    _at++;
                    return 1;
            }
        }

        return Unbounded;
    }

    private readonly bool Is(char c) => _at < _pattern.Length && _pattern[_at] == c;

    private int Escape()
    {
        if (_at == _pattern.Length)
        {
            return Unbounded;
        }

        switch (_pattern[_at++])
        {
            case 'b' or 'B' or 'A' or 'z' or 'Z' or 'G':
                return 0;
            case 'p' or 'P':
                var end = _pattern[_at..].IndexOf('}');
                _at += end + 1;
                return end < 0 ? Unbounded : 1;
            case 'x':
                _at = Math.Min(_at + 2, _pattern.Length);
                return 1;
            case 'u':
                _at = Math.Min(_at + 4, _pattern.Length);
                return 1;
            case 'c':
                _at = Math.Min(_at + 1, _pattern.Length);
                return 1;
            case 'k':
                return Unbounded;
            default:
                return 1;
        }
    }

    private int Repeats()
    {
        if (_at == _pattern.Length)
        {
            return 1;
        }

        var most = 1;
        switch (_pattern[_at])
        {
            case '*' or '+':
                (most, _at) = (Unbounded, _at + 1);
                break;
            case '?':
                _at++;
                break;
            case '{' when _pattern[_at..].IndexOf('}') is > 0 and var end && Bound(_pattern.Slice(_at + 1, end - 1)) is { } bound:
                (most, _at) = (bound, _at + end + 1);
                break;
            default:
                return 1;
        }

        if (_at < _pattern.Length && _pattern[_at] == '?')
        {
            _at++; // As few as possible, but perhaps all.
        }

        return most;
    }

    private static int? Bound(ReadOnlySpan<char> braces)
    {
        var comma = braces.IndexOf(',');
        var most = comma < 0 ? braces : braces[(comma + 1)..];
        var least = comma < 0 ? braces : braces[..comma];
        if (!int.TryParse(least, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            return null; // Braces that are only braces.
        }

        return most.Length == 0 ? Unbounded : int.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out var bound) ? bound : null;
    }

    private static int Times(int length, int count) =>
        length == 0 || count == 0 ? 0 : (long)length * count is var product && product >= Unbounded ? Unbounded : (int)product;

    private static int Add(int a, int b) => (long)a + b is var sum && sum >= Unbounded ? Unbounded : (int)sum;
}
