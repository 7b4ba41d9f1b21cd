using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backstop.CommandLine;
using Orleans.Connections.Security;

namespace Backstop.Hosting;

/// <summary>How gateways and control planes know each other: each shows a certificate of the same authority, which signs for nobody else.</summary>
/// <param name="own">The certificate of this process.</param>
/// <param name="authority">The authority's certificates.</param>
internal sealed class MutualTls(CertificateFiles own, X509Certificate2Collection authority)
{
    /// <summary>Reads the files.</summary>
    /// <exception cref="CommandFailure">They cannot be read.</exception>
    public static MutualTls From(string certificate, string key, string authority)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPemFile(authority);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"--fleet-ca: {authority} cannot be read: {e.Message}");
        }

        return roots.Count > 0
            ? new(new("--fleet-certificate", certificate, key), roots)
            : throw CommandFailure.Usage($"--fleet-ca: {authority} holds no certificate in PEM form.");
    }

    /// <summary>How control receives: nobody without a certificate gets as far as its first byte.</summary>
    public SslServerAuthenticationOptions Receives() => new()
    {
        ServerCertificateContext = own.Context,
        ClientCertificateRequired = true,
        CertificateChainPolicy = Trust(),
    };

    /// <summary>How a gateway dials.</summary>
    /// <param name="besideControl">Whether control is in this same process, and so shows this same certificate, whatever the address is called.</param>
    public SslClientAuthenticationOptions Dials(bool besideControl) => new()
    {
        LocalCertificateSelectionCallback = (_, _, _, _, _) => own.Context.TargetCertificate,
        CertificateChainPolicy = Trust(),
        TargetHost = besideControl ? own.Context.TargetCertificate.GetNameInfo(X509NameType.DnsName, forIssuer: false) : null,
    };

    /// <summary>How control planes speak to each other: as control receives gateways, and as gateways dial it, except that the address is no name.</summary>
    public void Apply(TlsOptions between)
    {
        between.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        between.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        between.LocalCertificate = own.Context.TargetCertificate; // Asked for by who dials, though what is shown is what the selectors choose.
        between.LocalServerCertificateSelector = (_, _) => own.Context.TargetCertificate;
        between.LocalClientCertificateSelector = (_, _, _, _, _) => own.Context.TargetCertificate;
        between.RemoteCertificateValidation = (certificate, _, _) => IsOurs(certificate);
    }

    // The list of members names control planes by their addresses, which are in no certificate. That the authority signed for nobody else is enough.
    private bool IsOurs(X509Certificate2 certificate)
    {
        using var chain = new X509Chain { ChainPolicy = Trust() };
        return chain.Build(certificate);
    }

    private X509ChainPolicy Trust()
    {
        // Certificates of a fleet are short-lived and have no list of revoked ones.
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authority);
        return policy;
    }
}
