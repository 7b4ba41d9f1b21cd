using System.Buffers;

namespace Backstop.Core.Tests.Guards.Work;

/// <summary>Searches of the runtime's library that tell how far they went. They stand in for those of the same name and parameters.</summary>
internal static class CountedSearch
{
    public static long Steps;

    public static int IndexOf<T>(ReadOnlySpan<T> span, T value)
        where T : IEquatable<T> => Passed(span.IndexOf(value), span.Length);

    public static int IndexOf<T>(ReadOnlySpan<T> span, ReadOnlySpan<T> value)
        where T : IEquatable<T> => Passed(span.IndexOf(value), span.Length);

    public static int IndexOf(ReadOnlySpan<char> span, ReadOnlySpan<char> value, StringComparison comparison) => Passed(span.IndexOf(value, comparison), span.Length);

    public static int IndexOfAny<T>(ReadOnlySpan<T> span, T one, T other)
        where T : IEquatable<T> => Passed(span.IndexOfAny(one, other), span.Length);

    public static int IndexOfAny<T>(ReadOnlySpan<T> span, T one, T other, T third)
        where T : IEquatable<T> => Passed(span.IndexOfAny(one, other, third), span.Length);

    public static int IndexOfAny<T>(ReadOnlySpan<T> span, ReadOnlySpan<T> values)
        where T : IEquatable<T> => Passed(span.IndexOfAny(values), span.Length);

    public static int IndexOfAny<T>(ReadOnlySpan<T> span, SearchValues<T> values)
        where T : IEquatable<T> => Passed(span.IndexOfAny(values), span.Length);

    public static int IndexOfAny(ReadOnlySpan<char> span, SearchValues<string> values) => Passed(span.IndexOfAny(values), span.Length);

    public static int IndexOfAnyExcept<T>(ReadOnlySpan<T> span, T value)
        where T : IEquatable<T> => Passed(span.IndexOfAnyExcept(value), span.Length);

    public static int IndexOfAnyExcept<T>(ReadOnlySpan<T> span, SearchValues<T> values)
        where T : IEquatable<T> => Passed(span.IndexOfAnyExcept(values), span.Length);

    public static int IndexOfAnyInRange<T>(ReadOnlySpan<T> span, T low, T high)
        where T : IComparable<T> => Passed(span.IndexOfAnyInRange(low, high), span.Length);

    public static int IndexOfAnyExceptInRange<T>(ReadOnlySpan<T> span, T low, T high)
        where T : IComparable<T> => Passed(span.IndexOfAnyExceptInRange(low, high), span.Length);

    public static int LastIndexOf<T>(ReadOnlySpan<T> span, T value)
        where T : IEquatable<T> => PassedBack(span.LastIndexOf(value), span.Length);

    public static int LastIndexOf<T>(ReadOnlySpan<T> span, ReadOnlySpan<T> value)
        where T : IEquatable<T> => PassedBack(span.LastIndexOf(value), span.Length);

    public static int LastIndexOfAny<T>(ReadOnlySpan<T> span, SearchValues<T> values)
        where T : IEquatable<T> => PassedBack(span.LastIndexOfAny(values), span.Length);

    public static int LastIndexOfAny<T>(ReadOnlySpan<T> span, ReadOnlySpan<T> values)
        where T : IEquatable<T> => PassedBack(span.LastIndexOfAny(values), span.Length);

    public static int LastIndexOfAnyExcept<T>(ReadOnlySpan<T> span, SearchValues<T> values)
        where T : IEquatable<T> => PassedBack(span.LastIndexOfAnyExcept(values), span.Length);

    public static bool Contains<T>(ReadOnlySpan<T> span, T value)
        where T : IEquatable<T> => Passed(span.IndexOf(value), span.Length) >= 0;

    public static bool Contains(ReadOnlySpan<char> span, ReadOnlySpan<char> value, StringComparison comparison) => Passed(span.IndexOf(value, comparison), span.Length) >= 0;

    public static bool ContainsAny<T>(ReadOnlySpan<T> span, SearchValues<T> values)
        where T : IEquatable<T> => Passed(span.IndexOfAny(values), span.Length) >= 0;

    public static bool ContainsAnyExcept<T>(ReadOnlySpan<T> span, SearchValues<T> values)
        where T : IEquatable<T> => Passed(span.IndexOfAnyExcept(values), span.Length) >= 0;

    public static int Count<T>(ReadOnlySpan<T> span, T value)
        where T : IEquatable<T> => span.Count(value) + Passed(-1, span.Length) + 1;

    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> span) => Cut(span, span.Trim());

    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> span) => Cut(span, span.TrimEnd());

    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> span, char value) => Cut(span, span.TrimEnd(value));

    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> span, ReadOnlySpan<char> values) => Cut(span, span.TrimEnd(values));

    public static ReadOnlySpan<char> TrimStart(ReadOnlySpan<char> span) => Cut(span, span.TrimStart());

    public static int IndexOf(string text, char value) => Passed(text.IndexOf(value), text.Length);

    public static int IndexOf(string text, char value, StringComparison comparison) => Passed(text.IndexOf(value, comparison), text.Length);

    public static int IndexOf(string text, string value, StringComparison comparison) => Passed(text.IndexOf(value, comparison), text.Length);

    public static bool Contains(string text, char value, StringComparison comparison) => Passed(text.IndexOf(value, comparison), text.Length) >= 0;

    public static bool Contains(string text, string value, StringComparison comparison) => Passed(text.IndexOf(value, comparison), text.Length) >= 0;

    private static int Passed(int index, int length)
    {
        Steps += 1 + (index < 0 ? length : index);
        return index;
    }

    private static int PassedBack(int index, int length)
    {
        Steps += 1 + (index < 0 ? length : length - index);
        return index;
    }

    private static ReadOnlySpan<char> Cut(ReadOnlySpan<char> span, ReadOnlySpan<char> rest)
    {
        Steps += 1 + span.Length - rest.Length;
        return rest;
    }
}
