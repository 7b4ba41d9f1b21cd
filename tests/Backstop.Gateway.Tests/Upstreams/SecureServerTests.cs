using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Upstreams;

/// <summary>A model server behind https is asked only when its certificate is good, whoever says so.</summary>
public sealed class SecureServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-tls-").FullName;

    [Fact]
    public async Task A_server_whose_certificate_the_release_trusts_is_asked_over_tls()
    {
        using var certificate = SelfSigned("localhost");
        await using var server = await ModelServer.Start(certificate);
        await using var fleet = await SmallFleet.Start();
        var release = SmallFleet.Released("v9", [server.Address], Trusting(certificate));
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(release, generation: 2), release);

        Assert.Equal("https", server.Address.Scheme);
        Assert.Equal("Hello.", (await fleet.Gateway.Chat("Hello?")).Text);
        Assert.Equal("Hello.", (await fleet.Gateway.Chat("Hello?", stream: true)).StreamedText);
        Assert.Equal(2, server.Asked.Length);
    }

    [Theory]
    [InlineData("localhost", false)] // Signed by nobody this machine knows.
    [InlineData("elsewhere.example", true)] // Signed by the right one, for another server.
    public async Task A_server_whose_certificate_is_not_good_gets_no_request(string name, bool isTrusted)
    {
        using var certificate = SelfSigned(name);
        await using var server = await ModelServer.Start(certificate);
        await using var fleet = await SmallFleet.Start();
        var release = SmallFleet.Released("v9", [server.Address], isTrusted ? Trusting(certificate) : "{}");
        await fleet.Control.PublishAndAwait(SmallFleet.Plain(release, generation: 2), release);

        (await fleet.Gateway.Chat("Hello?")).IsError(HttpStatusCode.ServiceUnavailable, "no_warm_release");
        Assert.Empty(server.Asked);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Trusting(X509Certificate2 certificate)
    {
        var file = Path.Combine(_folder, "ca.pem");
        File.WriteAllText(file, certificate.ExportCertificatePem());
        return new JsonObject { ["serving"] = new JsonObject { ["tls"] = new JsonObject { ["ca_file"] = file } } }.ToJsonString();
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), password: null);
    }
}
