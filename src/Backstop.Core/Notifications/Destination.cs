using System.Collections.Immutable;
using Backstop.Core.Guards;
using Backstop.Core.Incidents;

namespace Backstop.Core.Notifications;

/// <summary>How a receiver wants to be told.</summary>
public enum Channel
{
    /// <summary>PagerDuty's Events API, version 2.</summary>
    Pagerduty,

    /// <summary>Alertmanager's API, version 2.</summary>
    Alertmanager,
    Slack,

    /// <summary>A workflow of Microsoft Teams that takes adaptive cards.</summary>
    Teams,

    /// <summary>JSON, signed as Standard Webhooks has it.</summary>
    Webhook,
    Email,
}

/// <summary>One receiver. Secrets are named here and stand in the environment.</summary>
public sealed record Destination(string Name, Channel Channel)
{
    /// <summary>Where to send, for all but e-mail.</summary>
    public Uri? Url { get; init; }

    /// <summary>The environment variable that holds the address, where the address is itself a secret.</summary>
    public string? UrlVariable { get; init; }

    /// <summary>The environment variable with the routing key, the signing secret or the password.</summary>
    public string? SecretVariable { get; init; }

    /// <summary>Only incidents at least so bad.</summary>
    public IncidentSeverity Least { get; init; }

    /// <summary>Only these aliases, with <c>*</c> at the end for all that begin so; empty for every one.</summary>
    public ImmutableArray<string> Aliases { get; init; } = [];

    /// <summary>The mail server.</summary>
    public string? Host { get; init; }

    public int Port { get; init; } = 587;

    /// <summary>Whether the mail server must speak TLS.</summary>
    public bool Tls { get; init; } = true;

    public string? User { get; init; }

    public string? From { get; init; }

    public ImmutableArray<string> Recipients { get; init; } = [];

    /// <summary>Whether it wants to hear this.</summary>
    public bool Wants(Notice notice) => notice.Severity >= Least
        && (Aliases.IsEmpty || Aliases.Any(a => a.EndsWith('*') ? notice.Alias.StartsWith(a[..^1], StringComparison.Ordinal) : a == notice.Alias));

    /// <summary>Reads the list <c>send</c> of a file.</summary>
    /// <exception cref="FormatException">The message says where and what to write instead.</exception>
    public static ImmutableArray<Destination> Read(string json)
    {
        try
        {
            var root = PolicyNode.Parse(json, "");
            ImmutableArray<Destination> all = [.. root.Nodes("send").Select(One)];
            root.Done();
            return all.GroupBy(d => d.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice
                ? throw new FormatException($"Two receivers are called '{twice.Key}'.")
                : all;
        }
        catch (GuardPolicyException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    private static Destination One(PolicyNode node)
    {
        var channel = Enum.Parse<Channel>(node.Choice("to", "pagerduty", "alertmanager", "slack", "teams", "webhook", "email") ?? throw GuardPolicyException.At(node.Path, "needs 'to'."), ignoreCase: true);
        var read = new Destination(node.Text("name") ?? Notice.Lower(channel), channel)
        {
            Url = node.Text("url") is not { } text ? null : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : throw GuardPolicyException.At($"{node.Path}.url", "must be an address that begins with http:// or https://."),
            UrlVariable = node.Text("url_env"),
            SecretVariable = node.Text("secret_env"),
            Least = Enum.Parse<IncidentSeverity>(node.Choice("least", "minor", "major", "severe") ?? "minor", ignoreCase: true),
            Aliases = [.. node.Texts("aliases") ?? []],
            Host = node.Text("host"),
            Port = node.Integer("port", 1, 65535) ?? 587,
            Tls = node.Flag("tls") ?? true,
            User = node.Text("user"),
            From = node.Text("from"),
            Recipients = [.. node.Texts("recipients") ?? []],
        };
        node.Done();
        return read switch
        {
            { Channel: Channel.Email, Host: null } or { Channel: Channel.Email, From: null } or { Channel: Channel.Email, Recipients.IsEmpty: true } =>
                throw GuardPolicyException.At(node.Path, "needs 'host', 'from' and 'recipients'."),
            { Channel: Channel.Pagerduty or Channel.Webhook, SecretVariable: null } =>
                throw GuardPolicyException.At(node.Path, "needs 'secret_env', the name of the environment variable with its key."),
            { Channel: not (Channel.Email or Channel.Pagerduty), Url: null, UrlVariable: null } =>
                throw GuardPolicyException.At(node.Path, "needs 'url', or 'url_env', the name of the environment variable with its address."),
            _ => read,
        };
    }
}
