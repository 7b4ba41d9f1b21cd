using System.Reflection;
using System.Text;

namespace Backstop.Core.Text;

/// <summary>Lists and weights that are compiled into the assembly.</summary>
internal static class EmbeddedText
{
    public static string Read(string name) => Encoding.UTF8.GetString(Bytes(name));

#pragma warning disable RS0030 // The stream is over the assembly's own bytes in memory: the same everywhere and always.
    public static byte[] Bytes(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly lacks {name}.");
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
#pragma warning restore RS0030
}
