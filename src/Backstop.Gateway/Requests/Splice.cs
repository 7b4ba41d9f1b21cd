using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>Changes some places of a text in JSON; every other byte stays as it came.</summary>
public static class Splice
{
    /// <summary>The text with its edits, which may come in any order and must not overlap.</summary>
    public static byte[] Into(ReadOnlySpan<byte> body, IEnumerable<Edit> edits)
    {
        List<Edit> inOrder = [.. edits];
        inOrder.Sort(ByPlace);
        var result = new ArrayBufferWriter<byte>(body.Length + inOrder.Sum(e => e.Text.Length));
        var position = 0;
        foreach (var (start, end, text) in inOrder)
        {
            result.Write(body[position..start]);
            result.Write(text);
            position = end;
        }

        result.Write(body[position..]);
        return result.WrittenSpan.ToArray();
    }

    /// <summary>The order of edits; what is put in before a value comes before what replaces it.</summary>
    public static int ByPlace(Edit a, Edit b) => (a.Start, a.End).CompareTo((b.Start, b.End));

    /// <summary>What goes into the place from <paramref name="Start"/> to before <paramref name="End"/>.</summary>
    [StructLayout(LayoutKind.Auto)]
    public readonly record struct Edit(int Start, int End, byte[] Text)
    {
        /// <summary>A string in the place of a value.</summary>
        public static Edit Of(Range value, string text) => new(value.Start.Value, value.End.Value, JsonSerializer.SerializeToUtf8Bytes(text));
    }
}
