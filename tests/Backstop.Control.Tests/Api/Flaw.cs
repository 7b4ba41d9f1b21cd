using System.Text;
using System.Text.Json.Nodes;

namespace Backstop.Control.Tests.Api;

/// <summary>One thing that is certainly wrong with a body, whatever the operation makes of the rest.</summary>
internal sealed record Flaw(string Name, Func<SampleBody, Random, byte[]?> Spoil)
{
    private const int DeepestJson = 64;

    /// <summary>Every flaw. Where a body cannot have it, spoiling gives null.</summary>
    public static readonly Flaw[] All =
    [
        new("nothing at all", (body, _) => body.MayBeEmpty ? null : []),
        new("cut off", (body, luck) => body.Bytes[..luck.Next(1, body.Bytes.Length)]),
        new("something behind the end", (body, luck) => [.. body.Bytes, .. Pick(luck, "}", "{}", "x", ",", "\"")]),
        new("noise", (_, luck) => Noise(luck)),
        new("bytes that are not UTF-8", (body, luck) => With(body, "\"\""u8, [(byte)'"', (byte)luck.Next(0x80, 0x100), (byte)'"'])),
        new("half of a surrogate pair", (body, luck) => With(body, "\"\""u8, [.. Pick(luck, "\"\\ud800\"", "\"\\udfff\"", "\"\\udc00\\ud800\"")])),
        new("a NUL", (body, _) => With(body, "\"\""u8, "\"a\\u0000b\""u8)),
        new("too deep", (body, luck) => With(body, "\"\""u8, Deep(luck.Next(DeepestJson, 20_000)))),
        new("another root", (_, luck) => [.. Pick(luck, "null", "5", "true", "\"text\"", "[]", "[{}]", "1e999", "-0")]),
        new("a key nobody knows", (body, luck) => body.With($"zz{luck.Next():x}", JsonValue.Create(1))),
        new("a key that is misspelt", (body, luck) => body.Misspelt(luck)),
        new("a key twice", (body, luck) => Twice(body, luck)),
        new("a needed key missing", (body, luck) => body.Without(luck)),
        new("a value of another type", (body, luck) => body.OfAnotherType(luck)),
        new("a null for what is needed", (body, luck) => body.WithNull(luck)),
        new("a number for a word", (body, _) => body.WithNumberForWord()),
        new("a text of two megabytes", (body, _) => With(body, "\"\""u8, [(byte)'"', .. Enumerable.Repeat((byte)'x', 2_000_000), (byte)'"'])),
        new("a key of half a megabyte", (body, _) => body.With(new('k', 500_000), JsonValue.Create(1))),
        new("ten thousand keys", (body, _) => Encoding.UTF8.GetBytes("{" + string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"k{i}\":{i}")) + "}")),
    ];

    // The flaw stands in a key of its own where there is none to hold it; and the first that is wrong is enough.
    private static byte[] With(SampleBody body, ReadOnlySpan<byte> place, ReadOnlySpan<byte> what)
    {
        var bytes = body.With("zz_place", JsonValue.Create(""));
        var at = bytes.AsSpan().LastIndexOf(place);
        return [.. bytes.AsSpan(0, at), .. what, .. bytes.AsSpan(at + place.Length)];
    }

    private static byte[] Deep(int levels) => Encoding.UTF8.GetBytes(new string('[', levels) + new string(']', levels));

    private static byte[]? Twice(SampleBody body, Random luck) => body.Keys is not { Length: > 0 } keys
        ? null
        : [.. "{"u8, .. Encoding.UTF8.GetBytes($"\"{keys[luck.Next(keys.Length)]}\":null,"), .. body.Bytes.AsSpan(1)];

    private static byte[] Noise(Random luck)
    {
        var bytes = new byte[luck.Next(1, 5000)];
        luck.NextBytes(bytes);
        bytes[0] = 0xff; // Never JSON by chance.
        return bytes;
    }

    private static byte[] Pick(Random luck, params string[] texts) => Encoding.UTF8.GetBytes(texts[luck.Next(texts.Length)]);
}
