using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Backstop.Hosting;

namespace Backstop.EndToEnd.Tests;

/// <summary>Servers that other machines reach: who gets in, and over what.</summary>
public sealed class AccessTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-access-").FullName;
    private readonly TestAuthority _authority;

    public AccessTests() => _authority = new(_directory, "fleet");

    private string Data => Path.Combine(_directory, "data");

    public void Dispose()
    {
        _authority.Dispose();
        LogFiles.HoldNoKey(_directory);
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_server_that_other_machines_reach_starts_once_there_is_a_key_and_asks_for_it()
    {
        var cancel = TestContext.Current.CancellationToken;
        var address = ListenAddress.WithPort(new(IPAddress.Any, 0));
        var (code, _, errors) = await Shelled.Run("serve", "--http", $"{address}", "--fleet", "127.0.0.1:0", "--data", Data);
        Assert.Equal(2, code);
        Assert.Contains("other machines", errors, StringComparison.Ordinal);
        Assert.Contains($"backstop key create NAME --scope admin --data {Data}", errors, StringComparison.Ordinal);

        (code, var output, errors) = await Shelled.Run("key", "create", "ops", "--scope", "admin", "--data", Data, "--json");
        Assert.True(code == 0, errors);
        var key = (string)JsonNode.Parse(output)!["key"]!;

        var (certificate, privateKey) = _authority.Sign("server");
        var log = Path.Combine(_directory, "serve.log");
        await using (await ChildProcess.Start(
            "serve", log,
            ["serve", "--http", $"{address}", "--fleet", "127.0.0.1:0", "--data", Data, "--tls-certificate", certificate, "--tls-key", privateKey], cancel))
        {
            using var http = Client(new($"https://127.0.0.1:{address.Port}"));
            foreach (var path in new[] { "/api/v1/aliases", "/v1/models", "/", "/incidents/x" })
            {
                http.DefaultRequestHeaders.Authorization = null;
                Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(path, cancel)).StatusCode);
                http.DefaultRequestHeaders.Authorization = new("Bearer", key);
                await Until(async () => (await http.GetAsync(path, cancel)).StatusCode == HttpStatusCode.OK, $"{path} never opened.");
            }

            var made = await http.PostAsJsonAsync("/api/v1/keys", new { name = "app", scopes = new[] { "invoke" } }, cancel);
            var app = (string)JsonNode.Parse(await made.Content.ReadAsStringAsync(cancel))!["key"]!;
            http.DefaultRequestHeaders.Authorization = new("Bearer", app);
            Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/api/v1/aliases", cancel)).StatusCode);
            await Until(async () => (await http.GetAsync("/v1/models", cancel)).StatusCode == HttpStatusCode.OK, "The gateway never heard of the new key.");
            Assert.DoesNotContain(app[20..60], await File.ReadAllTextAsync(log, cancel), StringComparison.Ordinal);
            Assert.DoesNotContain(key[20..60], await File.ReadAllTextAsync(log, cancel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_gateway_and_its_control_plane_must_show_each_other_certificates_of_their_authority()
    {
        var cancel = TestContext.Current.CancellationToken;
        var (http, fleet, mine) = (Free(), Free(), Free());
        var control = _authority.Sign("control");
        await using var plane = await ChildProcess.Start(
            "control", Path.Combine(_directory, "control.log"),
            ["serve", "--role", "control", "--http", $"{http}", "--fleet", $"{fleet}", "--data", Data, .. Fleet(control, _authority)], cancel);
        using var api = new HttpClient { BaseAddress = new($"http://{http}/api/v1/") };
        var manifest = new { serving = new { model = "m", replicas = new[] { "http://127.0.0.1:9" } } };
        (await api.PostAsJsonAsync("releases", new { name = "v7", manifest }, cancel)).EnsureSuccessStatusCode();
        (await api.PostAsJsonAsync("aliases", new { name = "assistant:prod", release = "v7" }, cancel)).EnsureSuccessStatusCode();

        await using (await Gateway("gateway-1", mine, _authority, _authority))
        {
            using var gateway = new HttpClient { BaseAddress = new($"http://{mine}") };
            await Until(async () => (await gateway.GetStringAsync("v1/models", cancel)).Contains("assistant:prod", StringComparison.Ordinal), "The gateway never heard of the alias.");
        }

        // One side at a time does not know the other's authority.
        using var strangers = new TestAuthority(_directory, "strangers");
        await Task.WhenAll(IsNotLetIn("stranger", strangers, _authority), IsNotLetIn("distrustful", _authority, strangers));

        // Without a certificate nobody gets an answer, whatever he says.
        using var nobody = new TcpClient();
        await nobody.ConnectAsync(fleet, cancel);
        await using var tls = new SslStream(nobody.GetStream());
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2], CertificateChainPolicy = Trust() }, cancel);
            await tls.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), cancel);
            Assert.NotEqual(0, await tls.ReadAsync(new byte[1], cancel));
        });

        async Task IsNotLetIn(string id, TestAuthority shows, TestAuthority trusts)
        {
            await using var gateway = await Gateway(id, Free(), shows, trusts);
            await Until(() => Task.FromResult(Log(id).Contains("Lost control", StringComparison.Ordinal)), $"The {id} gateway never said that it is not let in.");
            Assert.DoesNotContain("Connected to control", Log(id), StringComparison.Ordinal);
        }

        Task<ChildProcess> Gateway(string id, IPEndPoint at, TestAuthority shows, TestAuthority trusts) => ChildProcess.Start(
            id, Path.Combine(_directory, id + ".log"),
            [
                "serve", "--role", "gateway", "--gateway-id", id, "--control", $"https://{fleet}", "--http", $"{at}", "--data", Path.Combine(_directory, id),
                .. Fleet(shows.Sign(id), trusts),
            ],
            cancel);

        string Log(string id)
        {
            using var open = new StreamReader(new FileStream(Path.Combine(_directory, id + ".log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return open.ReadToEnd();
        }
    }

    [Fact]
    public async Task A_gateway_and_a_control_plane_in_one_process_show_each_other_the_same_certificate()
    {
        var http = Free();
        await using var serve = await ChildProcess.Start(
            "serve", Path.Combine(_directory, "serve.log"),
            ["serve", "--http", $"{http}", "--fleet", "0.0.0.0:0", "--data", Data, .. Fleet(_authority.Sign("both"), _authority)], TestContext.Current.CancellationToken);
        using var client = new HttpClient { BaseAddress = new($"http://{http}") };
        var manifest = new { serving = new { model = "m", replicas = new[] { "http://127.0.0.1:9" } } };
        (await client.PostAsJsonAsync("api/v1/releases", new { name = "v7", manifest }, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        (await client.PostAsJsonAsync("api/v1/aliases", new { name = "a:b", release = "v7" }, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        await Until(async () => (await client.GetAsync("readyz")).StatusCode == HttpStatusCode.OK, "The gateway never got a route.");
    }

    private static string[] Fleet((string Certificate, string Key) files, TestAuthority trusts) =>
        ["--fleet-certificate", files.Certificate, "--fleet-key", files.Key, "--fleet-ca", trusts.File];

    private static IPEndPoint Free() => ListenAddress.WithPort(new(IPAddress.Loopback, 0));

    private HttpClient Client(Uri address) =>
        new(new SocketsHttpHandler { SslOptions = new() { CertificateChainPolicy = Trust() } }) { BaseAddress = address };

    private X509ChainPolicy Trust()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(_authority.Root);
        return policy;
    }

    private static async Task Until(Func<Task<bool>> holds, string otherwise)
    {
        var deadline = DateTime.UtcNow.AddSeconds(120);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await holds())
        {
            Assert.True(DateTime.UtcNow < deadline, otherwise);
            await pace.WaitForNextTickAsync();
        }
    }
}
