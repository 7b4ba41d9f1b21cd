using Backstop.Gateway.Routing;
using Backstop.Protocol;
using Google.Protobuf;

namespace Backstop.Gateway.Access;

/// <summary>Who may call, on disk, so that a gateway that starts with the control plane dead lets the same callers in.</summary>
/// <remarks>It holds hashes and no key; still only its owner may read it.</remarks>
public sealed class KeyFile(string path)
{
    /// <summary>Writes what control said, durably.</summary>
    public void Write(AccessUpdate access) => SealedFile.Write(path, JsonFormatter.Default.Format(access), ownerOnly: true);

    /// <summary>What was written last; when nothing ever was, that nobody needs a key.</summary>
    /// <param name="problem">Why a file that exists cannot be believed.</param>
    public AccessUpdate Read(out string? problem)
    {
        try
        {
            return SealedFile.Read(path, out problem) is { } content ? AccessUpdate.Parser.ParseJson(content) : new();
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException)
        {
            problem = e.Message;
            return new();
        }
    }
}
