using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Core.Registry;

namespace Backstop.Control.Access;

/// <summary>A key as the journal keeps it: what may be shown, and a digest of all that is stored, so that a key put into the store by hand is found.</summary>
internal sealed record JournaledKey(KeyView Key, string RecordDigest)
{
    /// <summary>Its name in the store.</summary>
    public string Prefix => Key.Prefix;

    /// <summary>What the journal is to keep of a key.</summary>
    public static string Write(KeyRecord key) => StoreJson.Write(new JournaledKey(KeyView.Of(key), CanonicalJson.Digest(StoreJson.Write(key))));

    /// <summary>The key that an entry is about; null when it is about something else.</summary>
    public static JournaledKey? Of(JournalRow entry) =>
        entry is { After: { } after } && entry.Kind.StartsWith("key_", StringComparison.Ordinal) ? StoreJson.Read<JournaledKey>(after) : null;
}
