namespace Backstop.Core.Access;

/// <summary>The text of a key: <c>bsk_</c>, 12 hexadecimal digits that name it, and 64 that nobody can guess.</summary>
/// <remarks>
/// The name is in the key, so that it is found by one look-up and can be spoken about without being given away. The form is
/// fixed, so that programs that look for secrets in code and logs can recognise it.
/// </remarks>
public static class ApiKey
{
    /// <summary>Random bytes that make a key: 6 for its name and 32 for its secret.</summary>
    public const int RandomBytes = NameBytes + 32;

    /// <summary>What every key begins with.</summary>
    public const string Mark = "bsk_";

    private const int NameBytes = 6;
    private const int PrefixLength = 4 + (2 * NameBytes);
    private const int Length = PrefixLength + 1 + 64;

    /// <summary>Makes the text of a key.</summary>
    /// <param name="random"><see cref="RandomBytes"/> bytes from a source that nobody can predict.</param>
    public static string From(ReadOnlySpan<byte> random) =>
        random.Length == RandomBytes
            ? $"{Mark}{Convert.ToHexStringLower(random[..NameBytes])}_{Convert.ToHexStringLower(random[NameBytes..])}"
            : throw new ArgumentException($"A key is made from {RandomBytes} bytes.", nameof(random));

    /// <summary>The part of a key that names it, such as <c>bsk_0123456789ab</c>; empty when the text is no key.</summary>
    public static ReadOnlySpan<char> PrefixOf(ReadOnlySpan<char> text) =>
        text.Length == Length && text.StartsWith(Mark) && text[PrefixLength] == '_' ? text[..PrefixLength] : [];
}
