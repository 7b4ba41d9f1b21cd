using System.Collections.Immutable;

namespace Backstop.Core.Registry;

/// <summary>Where a release's model answers, and what its servers want to be told.</summary>
/// <param name="Protocol"><c>openai</c> or <c>open-inference</c>.</param>
/// <param name="Model">The name the model server knows the model by.</param>
/// <param name="Replicas">Base addresses, at least one; with or without the <c>/v1</c> at their end.</param>
public sealed record Serving(string Protocol, string Model, ImmutableArray<Uri> Replicas)
{
    /// <summary>Headers that every request to a replica carries.</summary>
    public ImmutableArray<ServingHeader> Headers { get; init; } = [];

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

    private static string SecretOf(string name, Func<string, string?> variable)
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
