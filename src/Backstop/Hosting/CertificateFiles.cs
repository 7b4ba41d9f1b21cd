using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backstop.CommandLine;

namespace Backstop.Hosting;

/// <summary>A certificate and its private key in two PEM files, read again when they change.</summary>
/// <remarks>Certificates live for weeks and servers for months: what renews them replaces the files, and the next handshake takes them.</remarks>
internal sealed class CertificateFiles
{
    private readonly string _certificate;
    private readonly string _key;
    private readonly Lock _reading = new();
    private (DateTime Written, SslStreamCertificateContext Context) _current;

    /// <summary>Reads the files.</summary>
    /// <param name="option">The option that names the certificate, for the error.</param>
    /// <param name="certificate">The certificate, and after it those between it and its authority.</param>
    /// <param name="key">The private key.</param>
    /// <exception cref="CommandFailure">They cannot be read, or do not belong together.</exception>
    public CertificateFiles(string option, string certificate, string key)
    {
        (_certificate, _key) = (certificate, key);
        try
        {
            _current = (Written, Read());
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw CommandFailure.Usage($"{option}: {certificate} and {key} are not a certificate and its key in PEM form: {e.Message}");
        }
    }

    /// <summary>What to show in a handshake.</summary>
    public SslStreamCertificateContext Context
    {
        get
        {
            lock (_reading)
            {
                try
                {
                    if (Written is var written && written != _current.Written)
                    {
                        _current = (written, Read());
                    }
                }
                catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
                {
                    // Half written: one of the two files is newer than the other. The next handshake looks again.
                }

                return _current.Context;
            }
        }
    }

    private DateTime Written => new[] { _certificate, _key }.Max(File.GetLastWriteTimeUtc);

    private SslStreamCertificateContext Read()
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_certificate);
        return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPemFile(_certificate, _key), chain, offline: true);
    }
}
