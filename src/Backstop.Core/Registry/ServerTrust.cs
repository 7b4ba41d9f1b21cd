using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Backstop.Core.Registry;

/// <summary>The certificate authorities that a release's servers are trusted by, in the place of the machine's own.</summary>
/// <param name="Pem">Their certificates.</param>
public sealed record ServerTrust(string Pem)
{
    /// <summary>How a server's certificate is judged: it must lead to one of them, be valid today and be the server's own. A private authority has seldom a list of what it took back.</summary>
    public X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(Pem);
        return policy;
    }

    /// <summary>Reads the file of a release.</summary>
    /// <exception cref="MissingSecretException">No certificate is in it.</exception>
    internal static ServerTrust Of(string file, string pem)
    {
        var trust = new ServerTrust(pem);
        try
        {
            if (trust.Policy().CustomTrustStore.Count > 0)
            {
                return trust;
            }
        }
        catch (CryptographicException)
        {
            // As if it held none.
        }

        throw new MissingSecretException($"The file {file} holds no certificate. Write the certificates of the authorities that sign the model servers' own into it, as PEM.");
    }
}
