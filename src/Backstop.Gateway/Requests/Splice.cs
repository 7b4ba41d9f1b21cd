using System.Buffers;
using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>Changes some places of a text in JSON; every other byte stays as it came.</summary>
public static class Splice
{
    /// <summary>The text with its edits, which may come in any order and must not overlap.</summary>
    public static byte[] Into(ReadOnlySpan<byte> body, IEnumerable<Edit> edits)
    {
        Edit[] inOrder = [.. edits.OrderBy(e => e.Start).ThenBy(e => e.End)];
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

    /// <summary>What goes into the place from <paramref name="Start"/> to before <paramref name="End"/>.</summary>
    public readonly record struct Edit(int Start, int End, byte[] Text)
    {
        /// <summary>A string in the place of a value.</summary>
        public static Edit Of(Range value, string text) =>
            new(value.Start.Value, value.End.Value, JsonSerializer.SerializeToUtf8Bytes(text));
    }
}
