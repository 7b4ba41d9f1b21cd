using System.Collections.Immutable;
using Backstop.Core.Routing;

namespace Backstop.Core.Registry;

/// <summary>Where a release's model answers, and what its servers want to be told.</summary>
/// <param name="Protocol"><c>openai</c> or <c>open-inference</c>.</param>
/// <param name="Model">The name the model server knows the model by.</param>
/// <param name="Replicas">Base addresses, at least one; with or without the <c>/v1</c> at their end.</param>
public sealed record Serving(string Protocol, string Model, ImmutableArray<Uri> Replicas)
{
    /// <summary>Headers that every request to a replica carries.</summary>
    public ImmutableArray<ServingHeader> Headers { get; init; } = [];

    /// <summary>A file with the certificate authorities that its servers are trusted by, where gateways and control planes run; null for the machine's own.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>How long its servers may take.</summary>
    public Timeouts Timeouts { get; init; } = Timeouts.None;

    /// <summary>How often a request may be sent again to another replica.</summary>
    public Retries Retries { get; init; } = Retries.Default;

    /// <summary>Requests that one gateway has under way at one replica at the most, 1 to 100,000; null for as many as come.</summary>
    public int? Concurrent { get; init; }

    /// <summary>How gateways ask whether a replica is well; null when they only judge by its answers.</summary>
    public HealthCheck? Health { get; init; }

    /// <summary>How its servers are made ready; null when nobody needs to tell them.</summary>
    public ModelEngine? Engine { get; init; }

    /// <summary>Whether an address names a replica: in full, or by its beginning with a star at the end.</summary>
    public static bool IsAt(Uri replica, string address)
    {
        var text = replica.AbsoluteUri.TrimEnd('/');
        return address.EndsWith('*') ? text.StartsWith(address[..^1], StringComparison.Ordinal) : text == address.TrimEnd('/');
    }

    /// <summary>Address of an operation of the OpenAI API, such as <c>chat/completions</c>, at a replica.</summary>
    public static Uri AddressOf(Uri replica, string operation)
    {
        var root = replica.AbsoluteUri.TrimEnd('/');
        return new(root.EndsWith("/v1", StringComparison.Ordinal) ? $"{root}/{operation}" : $"{root}/v1/{operation}");
    }

    /// <summary>The headers as they are sent from this process.</summary>
    /// <param name="variable">Reads a variable of the process's environment; null when it is not set.</param>
    /// <exception cref="MissingSecretException">A variable is not set, or holds what no header can.</exception>
    public ImmutableArray<KeyValuePair<string, string>> HeadersWith(Func<string, string?> variable) =>
        [.. Headers.Select(h => KeyValuePair.Create(h.Name, h.Text + (h.Variable is { } name ? SecretOf(name, variable) : "")))];

    /// <summary>Whom a server's certificate must lead to; null for the machine's own authorities.</summary>
    /// <param name="read">Reads a text file of this machine; null when it cannot be read.</param>
    /// <exception cref="MissingSecretException">The file cannot be read, or holds no certificate.</exception>
    public ServerTrust? TrustWith(Func<string, string?> read) => AuthorityFile is not { } file ? null
        : ServerTrust.Of(file, read(file) ?? throw new MissingSecretException(
            $"The file {file} cannot be read here. Put the certificates of the authorities that sign the model servers' own there, or name another one in the release's manifest."));

    /// <summary>The secret in an environment variable.</summary>
    /// <param name="name">Of the variable.</param>
    /// <param name="variable">The environment.</param>
    /// <exception cref="MissingSecretException">It is not there, or no header can carry it.</exception>
    public static string SecretOf(string name, Func<string, string?> variable)
    {
        var secret = variable(name)?.Trim();
        return secret switch
        {
            null or "" => throw new MissingSecretException(
                $"The environment variable {name} is not set here. Set it for this process and start it again, or name another one in the release's manifest."),
            _ when secret.Any(char.IsControl) => throw new MissingSecretException(
                $"The environment variable {name} holds a line break or another control character. Set it to the key alone."),
            _ => secret,
        };
    }
}

/// <summary>One header of the requests to a replica.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">What it says, or what stands before the secret.</param>
/// <param name="Variable">The environment variable that holds the secret: a manifest goes everywhere, a secret must not.</param>
public sealed record ServingHeader(string Name, string Text, string? Variable);

/// <summary>How often a request may be sent again, to another replica of the same release, while its caller has seen nothing.</summary>
/// <param name="Most">Most times for one request, 0 to 10.</param>
/// <param name="BudgetPercent">
/// Share of all requests, 0 to 100. When a whole pool fails, sending everything again would be one more load on it.
/// </param>
/// <param name="HedgeAfter">
/// How long a replica may take to begin its answer until another is asked beside it, paid for as a retry is; null for never.
/// </param>
public sealed record Retries(int Most, double BudgetPercent, TimeSpan? HedgeAfter = null)
{
    public static Retries Default { get; } = new(2, 20);
}

/// <summary>A question that a replica that is well answers with a status from 200 to 299.</summary>
/// <param name="Path">Where it is asked, from the root of the replica's host.</param>
/// <param name="Interval">Time between two questions.</param>
/// <param name="Timeout">Longest wait for the answer.</param>
/// <param name="Failures">Answers missed in a row after which the replica is left alone, until it answers once.</param>
public sealed record HealthCheck(string Path, TimeSpan Interval, TimeSpan Timeout, int Failures);

/// <summary>A process lacks a secret that a release needs. The message never holds a secret.</summary>
public sealed class MissingSecretException : Exception
{
    public MissingSecretException()
    {
    }

    public MissingSecretException(string message)
        : base(message)
    {
    }

    public MissingSecretException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
