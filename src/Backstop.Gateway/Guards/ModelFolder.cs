using System.Security.Cryptography;
using Backstop.Core.Guards.Remote;

namespace Backstop.Gateway.Guards;

/// <summary>The folder of classifiers on this gateway's disk. A policy names files in it, and what must be in them.</summary>
internal sealed class ModelFolder(string folder)
{
    /// <exception cref="IOException">The file is not there, or is another than the policy means.</exception>
    public byte[] Read(ModelFile file)
    {
        var path = Path.GetFullPath(Path.Combine(folder, file.Path));
        if (!path.StartsWith(Path.GetFullPath(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new IOException($"'{file.Path}' is not under the folder of models.");
        }

        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{file.Path}' is not in the folder of models ({folder}).");
        }

        // What was hashed is what is used: the file may be changed meanwhile.
        var bytes = File.ReadAllBytes(path);
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        return digest == file.Sha256 ? bytes : throw new IOException($"'{file.Path}' is not the file that the policy means: its SHA-256 is {digest}.");
    }
}
