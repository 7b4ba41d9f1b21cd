using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace Backstop.Core.Access;

/// <summary>What became of a presented key.</summary>
public enum KeyVerdict
{
    /// <summary>It is good.</summary>
    Good,

    /// <summary>There is no such key.</summary>
    Unknown,

    /// <summary>It is the right text of a key that no longer works.</summary>
    Over,
}

/// <summary>All keys at one moment; says who presents one.</summary>
/// <remarks>
/// The slow hash runs once for each key that is used: what was proved is remembered as its HMAC under a key that only this
/// process has. After that a request costs one look-up by prefix and one HMAC of 81 characters, however many keys there are, and
/// allocates nothing. What is remembered belongs to the key's entry: it cannot grow beyond the keys there are, and a key that
/// is revoked loses it with the next ring.
/// </remarks>
public sealed class KeyRing
{
    private const int MacBytes = 32;
    private const int LongestKey = 128;

    private readonly FrozenDictionary<string, Entry> _entries;
    private readonly byte[] _processKey;

    /// <summary>Makes a ring.</summary>
    /// <param name="keys">All keys, also those that no longer work.</param>
    /// <param name="processKey">32 random bytes, the same for every ring of a process and of no other.</param>
    /// <param name="before">The ring it replaces; what it proved about secrets that are the same stays proved.</param>
    public KeyRing(IEnumerable<KeyRecord> keys, byte[] processKey, KeyRing? before = null)
    {
        _processKey = processKey;
        _entries = keys.ToFrozenDictionary(k => k.Prefix, k => new Entry(k, before?.ProofOf(k)), StringComparer.Ordinal);
    }

    /// <summary>How many keys it holds.</summary>
    public int Count => _entries.Count;

    /// <summary>Says who presents a text.</summary>
    /// <param name="text">What was presented.</param>
    /// <param name="now">The moment.</param>
    /// <param name="key">The key, when the verdict is <see cref="KeyVerdict.Good"/> or <see cref="KeyVerdict.Over"/>; else null.</param>
    /// <param name="rights">What it allows; nothing unless it is good.</param>
    public KeyVerdict Judge(ReadOnlySpan<char> text, DateTimeOffset now, out KeyRecord? key, out Rights rights)
    {
        (key, rights) = (null, Rights.None);
        if (!_entries.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(ApiKey.PrefixOf(text), out var entry) || !Proves(entry, text))
        {
            return KeyVerdict.Unknown;
        }

        key = entry.Key;
        if (!key.IsLive(now))
        {
            return KeyVerdict.Over;
        }

        rights = entry.Rights;
        return KeyVerdict.Good;
    }

    private bool Proves(Entry entry, ReadOnlySpan<char> text)
    {
        Span<byte> bytes = stackalloc byte[LongestKey * 3];
        Span<byte> mac = stackalloc byte[MacBytes];
        HMACSHA256.HashData(_processKey, bytes[..Encoding.UTF8.GetBytes(text, bytes)], mac);
        return entry.Proves(mac, text);
    }

    private byte[]? ProofOf(KeyRecord key) =>
        _entries.TryGetValue(key.Prefix, out var entry) && entry.Key.Secret == key.Secret ? entry.Proof : null;

    private sealed class Entry(KeyRecord key, byte[]? proof)
    {
#pragma warning disable RS0030 // Requests come on many threads, and the slow hash must run for one of them only; what is decided does not depend on which.
        private readonly Lock _proving = new();
#pragma warning restore RS0030
        private byte[]? _proof = proof;

        public KeyRecord Key => key;

        public Rights Rights { get; } = key.Rights();

        public byte[]? Proof => Volatile.Read(ref _proof);

        public bool Proves(ReadOnlySpan<byte> mac, ReadOnlySpan<char> text)
        {
            if (Proof is { } known)
            {
                return CryptographicOperations.FixedTimeEquals(mac, known);
            }

            // Only those who present a key for the first time wait here, so that a hundred of them cost one slow hash.
            lock (_proving)
            {
                if (Proof is null && key.Secret.Fits(text))
                {
                    Volatile.Write(ref _proof, mac.ToArray());
                }
            }

            return Proof is { } proved && CryptographicOperations.FixedTimeEquals(mac, proved);
        }
    }
}
