using System.Net;
using System.Net.Sockets;

namespace Backstop.EndToEnd.Tests;

/// <summary>A wrong option stops start-up, says which one it is and what to write.</summary>
public sealed class ServeOptionsTests
{
    [Fact]
    public async Task A_fleet_stream_that_other_machines_reach_needs_certificates()
    {
        var (code, _, errors) = await Shelled.Run("serve", "--fleet", "[::]:8081");

        Assert.Equal(2, code);
        Assert.Contains("other machines", errors, StringComparison.Ordinal);
        Assert.Contains("--fleet-certificate", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--http", "8080")]
    [InlineData("--role", "gatway")]
    [InlineData("--gateway-id", "a b")]
    [InlineData("--drain-delay", "-5")]
    [InlineData("--control", "http://127.0.0.1:1")]
    [InlineData("--tls-key", "server.key")]
    [InlineData("--fleet-ca", "ca.pem")]
    [InlineData("--oidc-issuer", "http://login.example")]
    [InlineData("--store", "mysql://backstop@127.0.0.1/backstop")]
    public async Task A_wrong_option_is_named(string option, string value)
    {
        var (code, _, errors) = await Shelled.Run("serve", option, value);

        Assert.Equal(2, code);
        Assert.Contains(option, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_a_sentence_and_not_a_stack_trace()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var data = Directory.CreateTempSubdirectory("backstop-test-").FullName;
        var (code, _, errors) = await Shelled.Run("serve", "--http", $"{taken.LocalEndpoint}", "--fleet", "127.0.0.1:0", "--data", data);
        Directory.Delete(data, recursive: true);

        Assert.Equal(2, code);
        Assert.Contains("--http", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_does_not_answer_is_a_sentence_and_not_a_stack_trace()
    {
        using var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        var address = $"{closed.LocalEndpoint}";
        closed.Stop();
        var data = Directory.CreateTempSubdirectory("backstop-test-").FullName;
        var (code, _, errors) = await Shelled.Run(
            "serve", "--http", "127.0.0.1:0", "--fleet", "127.0.0.1:0", "--data", data, "--store", $"postgres://ann:s3cret@{address}/fleet");
        Directory.Delete(data, recursive: true);

        Assert.Equal(2, code);
        Assert.Contains($"postgres://ann@{address}/fleet cannot be reached", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_is_no_store_is_one_line()
    {
        var data = Directory.CreateTempSubdirectory("backstop-test-").FullName;
        await File.WriteAllTextAsync(Path.Combine(data, "backstop.db"), string.Concat(Enumerable.Repeat("no database ", 1000)), TestContext.Current.CancellationToken);
        var (code, _, errors) = await Shelled.Run("serve", "--http", "127.0.0.1:0", "--fleet", "127.0.0.1:0", "--data", data);
        Directory.Delete(data, recursive: true);

        Assert.Equal(2, code);
        Assert.Contains("backstop.db cannot be used", Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
