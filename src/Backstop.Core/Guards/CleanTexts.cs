using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Backstop.Core.Guards;

/// <summary>Remembers in which earlier messages of conversations a ring found nothing, so that each is not looked at with every message that follows.</summary>
/// <remarks>
/// What is kept is 128 bits of HMAC-SHA-256 of a text under a key that nobody knows, for one ring, one stage and one degree of trust:
/// a text is known when all of it is the same, and nobody can make another one that passes for it. Bounded: a text takes the place of
/// one that has been there longer, and what is forgotten is looked at again. For many threads at once; a mark that is half written is
/// no mark, and what one thread keeps while another makes more room may be forgotten. docs/adr/0013-seen-before.md says why this is safe.
/// </remarks>
/// <param name="key">32 bytes nobody could foresee.</param>
public sealed class CleanTexts(ReadOnlyMemory<byte> key)
{
    private const int Ways = 4;
    private const int FirstMarks = 16;
    private const int MostMarks = 1 << 14;
    private const int KeyBytes = 32;

    // A ring keeps one, and a gateway has thousands of rings.
    private const int LongestPrompt = 4096;

    // A gateway has a ring for each of thousands of releases, and most of them see few conversations.
    private Mark[] _marks = new Mark[FirstMarks];
    private int _kept;
    private Marked? _prompt;

    /// <summary>What a text is known by.</summary>
    internal Mark MarkOf(ScanUnit unit)
    {
        // An application sends the same words of the system with nearly every request: to compare them costs far less than to hash them.
        if (Volatile.Read(ref _prompt) is { } prompt && (prompt.Unit.Stage, prompt.Unit.Trust) == (unit.Stage, unit.Trust) && prompt.Unit.Text == unit.Text)
        {
            return prompt.Mark;
        }

        var mark = HashOf(unit);
        if (unit.Trust <= Trust.Developer && unit.Text.Length <= LongestPrompt)
        {
            Volatile.Write(ref _prompt, new(unit, mark));
        }

        return mark;
    }

    private Mark HashOf(ScanUnit unit)
    {
        Span<byte> own = stackalloc byte[KeyBytes + 2];
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        key.Span.CopyTo(own);
        (own[KeyBytes], own[KeyBytes + 1]) = ((byte)unit.Stage, (byte)unit.Trust);
        HMACSHA256.HashData(own, MemoryMarshal.AsBytes(unit.Text.AsSpan()), hash);
        return new(BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]) | 1);
    }

    internal bool Knows(Mark mark) => SetOf(mark, Volatile.Read(ref _marks)).Contains(mark);

    internal void Keep(Mark mark)
    {
        var marks = Volatile.Read(ref _marks);
        if (_kept++ >= marks.Length / 2 && marks.Length < MostMarks)
        {
            var more = new Mark[4 * marks.Length];
            foreach (var known in marks)
            {
                if (known != default)
                {
                    Keep(known, more);
                }
            }

            Volatile.Write(ref _marks, marks = more);
        }

        Keep(mark, marks);
    }

    // The newest first; the last of the set makes room.
    private static void Keep(Mark mark, Mark[] marks)
    {
        var set = SetOf(mark, marks);
        set[..^1].CopyTo(set[1..]);
        set[0] = mark;
    }

    private static Span<Mark> SetOf(Mark mark, Mark[] marks) => marks.AsSpan((int)(mark.Low % (uint)(marks.Length / Ways)) * Ways, Ways);

    private sealed record Marked(ScanUnit Unit, Mark Mark);

    /// <param name="High">Never 0: an empty place is no text.</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Mark(ulong Low, ulong High);
}
