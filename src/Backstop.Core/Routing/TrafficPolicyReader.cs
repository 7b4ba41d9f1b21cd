using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Guards;
using Backstop.Core.Inputs;
using Backstop.Core.Text;

namespace Backstop.Core.Routing;

/// <summary>Reads a traffic policy and refuses what could not work.</summary>
internal static class TrafficPolicyReader
{
    private const int LongestText = 4000;
    private const int MostVariants = 2;
    private const int MostFallbacks = 4;
    private const int MostDrained = 100;

    public static TrafficPolicy Read(PolicyNode root, TrafficPolicy empty)
    {
        var (alias, caller, callerHeader) = ReadLimits(root.Node("limits"));
        var policy = empty with
        {
            Timeouts = ReadTimeouts(root.Node("timeouts")),
            Alias = alias,
            Caller = caller,
            CallerHeader = callerHeader,
            Fallbacks = ReadFallbacks(root),
            InFlight = root.Choice("in_flight", "finish", "stop", "cut") switch
            {
                "stop" => InFlight.Stop,
                "cut" => InFlight.Cut,
                _ => InFlight.Finish,
            },
            Sticky = ReadSticky(root.Node("sticky")),
            Variants = ReadVariants(root),
            Shadow = ReadShadow(root.Node("shadow")),
            Drained = ReadDrained(root),
            Tightening = Tightening.Read(root),
            TestersChoose = root.Flag("testers_choose") ?? false,
            Inputs = InputContractReader.Read(root.Node("inputs")),
            Signals = ScoreSignalReader.Read(root),
        };
        root.Done();
        return policy;
    }

    private static ImmutableArray<string> ReadDrained(PolicyNode root)
    {
        ImmutableArray<string> drained = [.. root.Texts("drained") ?? []];
        return drained.Length <= MostDrained ? drained : throw GuardPolicyException.At("drained", $"has {drained.Length} replicas; at most {MostDrained} are possible.");
    }

    private static Timeouts ReadTimeouts(PolicyNode? node)
    {
        var timeouts = Timeouts.None;
        if (node is not null)
        {
            timeouts = new(
                null, Milliseconds(node, "first_token_ms"), Milliseconds(node, "between_tokens_ms"), Milliseconds(node, "total_ms"));
            node.Done();
        }

        return timeouts;
    }

    private static TimeSpan? Milliseconds(PolicyNode node, string key) =>
        node.Integer(key, 10, 86_400_000) is { } ms ? TimeSpan.FromMilliseconds(ms) : null;

    private static (Limits Alias, Limits Caller, string? CallerHeader) ReadLimits(PolicyNode? node)
    {
        if (node is null)
        {
            return (Limits.None, Limits.None, null);
        }

        var limits = (ReadLimit(node.Node("alias")), ReadLimit(node.Node("caller")), ReadHeader(node, "caller_header"));
        node.Done();
        return limits;
    }

    private static Limits ReadLimit(PolicyNode? node)
    {
        if (node is null)
        {
            return Limits.None;
        }

        // Zero is a limit too: it stops an alias, or everybody, without touching what is served.
        var limits = new Limits(
            node.Number("requests_per_second", 0, 1_000_000), node.Integer("burst", 1, 1_000_000), node.Integer("concurrent", 0, 1_000_000));
        node.Done();
        return limits is { Burst: not null, RequestsPerSecond: null }
            ? throw GuardPolicyException.At(node.Path, "has a 'burst' and no 'requests_per_second' that it could be a burst of.")
            : limits;
    }

    private static ImmutableArray<Fallback> ReadFallbacks(PolicyNode root)
    {
        var chain = ImmutableArray.CreateBuilder<Fallback>();
        foreach (var node in root.Nodes("fallback"))
        {
            if (chain is [.., Fallback.ToText])
            {
                throw GuardPolicyException.At(node.Path, "comes after a text, which always answers. Put the text last.");
            }

            chain.Add(ReadFallback(node));
        }

        return chain.Count <= MostFallbacks
            ? chain.ToImmutable()
            : throw GuardPolicyException.At("fallback", $"has {chain.Count} steps: a caller does not wait for more than {MostFallbacks}.");
    }

    private static Fallback ReadFallback(PolicyNode node)
    {
        var (to, release, text) = (node.Choice("to", "previous"), node.Text("release"), node.Text("text"));
        node.Done();
        return (to, release, text) switch
        {
            ("previous", null, null) => new Fallback.ToPrevious(),
            (null, { Length: > 0 }, null) => new Fallback.ToRelease(release),
            (null, null, { Length: > 0 and <= LongestText }) => new Fallback.ToText(text),
            _ => throw GuardPolicyException.At(
                node.Path, $$"""must be { "to": "previous" }, { "release": "NAME" } or { "text": "1 to {{LongestText}} characters" }."""),
        };
    }

    private static Stickiness ReadSticky(PolicyNode? node)
    {
        if (node is null)
        {
            return Stickiness.None;
        }

        var sticky = new Stickiness(ReadHeader(node, "header"), node.Choice("by", "user", "request") == "user");
        node.Done();
        return sticky;
    }

    private static string? ReadHeader(PolicyNode node, string key) =>
        node.Text(key) is not { } header || (header.Length is > 0 and <= 100 && header.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            ? node.Text(key)
            : throw GuardPolicyException.At($"{node.Path}.{key}", $"'{header}' is not a header name. Write one such as 'x-conversation-id'.");

    private static ImmutableArray<Variant> ReadVariants(PolicyNode root)
    {
        var variants = ImmutableArray.CreateBuilder<Variant>();
        foreach (var node in root.Nodes("variants"))
        {
            var variant = new Variant(node.Text("name") ?? "", ReadRelease(node), ReadShare(node));
            node.Done();
            if (!Names.IsValid(variant.Name) || variants.Any(v => v.Name == variant.Name))
            {
                throw GuardPolicyException.At(node.Path + ".name", "must be a name of its own: 1 to 100 letters, digits, '.', '-' or '_'.");
            }

            variants.Add(variant);
        }

        return (variants.Count, variants.Sum(v => v.BasisPoints)) switch
        {
            (> MostVariants, _) => throw GuardPolicyException.At(
                "variants", $"has {variants.Count} arms. At most {MostVariants} can each grow without moving users between the others."),
            (_, > Route.Whole) => throw GuardPolicyException.At("variants", $"share more than {Route.Whole} basis points."),
            _ => variants.ToImmutable(),
        };
    }

    private static Shadow? ReadShadow(PolicyNode? node)
    {
        if (node is null)
        {
            return null;
        }

        var shadow = new Shadow(ReadRelease(node), ReadShare(node));
        node.Done();
        return shadow;
    }

    private static string ReadRelease(PolicyNode node) =>
        node.Text("release") is { Length: > 0 } release ? release : throw GuardPolicyException.At(node.Path, "needs 'release', the name of one.");

    private static int ReadShare(PolicyNode node) =>
        node.Integer("basis_points", 1, Route.Whole) ?? throw GuardPolicyException.At(node.Path, "needs 'basis_points': 100 of them are 1 %.");
}
