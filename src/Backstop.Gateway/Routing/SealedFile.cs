using System.Text.Json;
using Backstop.Core.Registry;

namespace Backstop.Gateway.Routing;

/// <summary>A text on disk that is believed whole or not at all.</summary>
/// <remarks>Replaced by renaming a complete file, and sealed with a checksum: a torn or tampered file is refused.</remarks>
internal static class SealedFile
{
    // What is missing in the file is refused by the reader, not found out by whoever uses it.
    private static readonly JsonSerializerOptions Complete = new()
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private sealed record Sealed(string Checksum, string Content);

    /// <summary>Writes it durably.</summary>
    /// <param name="path">Where.</param>
    /// <param name="content">What.</param>
    /// <param name="ownerOnly">Whether nobody else on the machine may read it.</param>
    public static void Write(string path, string content, bool ownerOnly = false)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new Sealed(CanonicalJson.Digest(content), content));
        var temporary = path + ".new";
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            if (ownerOnly && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file.SafeFileHandle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>The text that was written last; null when there is none that can be believed.</summary>
    /// <param name="path">Where.</param>
    /// <param name="problem">Why a file that exists is not believed.</param>
    public static string? Read(string path, out string? problem)
    {
        problem = null;
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            if (JsonSerializer.Deserialize<Sealed>(File.ReadAllBytes(path), Complete) is { } read && CanonicalJson.Digest(read.Content) == read.Checksum)
            {
                return read.Content;
            }

            problem = "its checksum does not match";
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            problem = e.Message;
        }

        return null;
    }
}
