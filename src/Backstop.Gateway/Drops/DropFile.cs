using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Backstop.Gateway.Drops;

/// <summary>A release that an operator on this host dropped: this gateway sends no new request to it.</summary>
/// <param name="Release">Its name, or its digest.</param>
/// <param name="By">The account on this host that did it.</param>
public sealed record Drop(string Release, string Reason, string By, DateTimeOffset At);

/// <summary>The dropped releases, in a file of the gateway's data directory that only who may read its key can write.</summary>
/// <remarks>
/// An order to stop must work with nothing else alive, and must not be an open door: the file carries an HMAC-SHA-256 under
/// a random key that the gateway makes and only its own account can read. Whoever may write to the directory and not read
/// the key (a shared volume, another account) can take the file away, which is noticed, but not write another. Whoever has
/// the gateway's own account can do anything to it anyway.
/// </remarks>
public sealed class DropFile(string directory)
{
    private const int KeyLength = 32;

    private readonly string _path = Path.Combine(directory, "drops.json");
    private readonly string _keyPath = Path.Combine(directory, "drops.key");
    private readonly string _seenPath = Path.Combine(directory, "drops.seen");

    private sealed record Signed(string Content, string Mac);

    /// <summary>What a gateway that begins to watch must have: a key. Makes one if there is none.</summary>
    public void MakeKey()
    {
        if (File.Exists(_keyPath))
        {
            return;
        }

        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(_keyPath, options);
        file.Write(RandomNumberGenerator.GetBytes(KeyLength));
        file.Flush(flushToDisk: true);
    }

    /// <summary>The drops as they were written last; none when there is no file.</summary>
    /// <param name="stamp">Names this state of the file, for <see cref="Seen"/>.</param>
    /// <exception cref="InvalidDataException">The file was not written with the key, or is damaged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It, or its key, may not be read.</exception>
    public ImmutableArray<Drop> Read(out string stamp)
    {
        stamp = "";
        if (!File.Exists(_path))
        {
            return [];
        }

        try
        {
            var signed = JsonSerializer.Deserialize<Signed>(File.ReadAllBytes(_path));
            if (signed is null || !CryptographicOperations.FixedTimeEquals(Convert.FromHexString(signed.Mac), MacOf(signed.Content)))
            {
                throw new InvalidDataException($"{_path} was not written with the key in {_keyPath}.");
            }

            stamp = signed.Mac;
            return [.. JsonSerializer.Deserialize<Drop[]>(signed.Content)!];
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentNullException)
        {
            throw new InvalidDataException($"{_path} is damaged: {e.Message}", e);
        }
    }

    /// <summary>Replaces the drops. Returns what names the new state.</summary>
    /// <exception cref="IOException">There is no key, because no gateway ever ran here, or the disk takes nothing.</exception>
    /// <exception cref="UnauthorizedAccessException">This account may not read the key.</exception>
    public string Write(IReadOnlyCollection<Drop> drops)
    {
        var content = JsonSerializer.Serialize(drops);
        var mac = Convert.ToHexStringLower(MacOf(content));
        Replace(_path, JsonSerializer.SerializeToUtf8Bytes(new Signed(content, mac)));
        return mac;
    }

    /// <summary>The gateway says which state of the file it acts on.</summary>
    public void See(string stamp) => Replace(_seenPath, Encoding.ASCII.GetBytes(stamp));

    /// <summary>The state that a gateway acts on, or null when none said so.</summary>
    public string? Seen() => File.Exists(_seenPath) ? File.ReadAllText(_seenPath) : null;

    private byte[] MacOf(string content) => HMACSHA256.HashData(File.ReadAllBytes(_keyPath), Encoding.UTF8.GetBytes(content));

    private static void Replace(string path, byte[] content)
    {
        using (var file = new FileStream(path + ".new", FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }
}
