using System.Collections.Immutable;
using Backstop.Core.Guards.Remote;

namespace Backstop.Core.Guards;

/// <summary>Whether a check decides, only takes notes, or does not run.</summary>
public enum CheckMode
{
    Enforce,
    Shadow,
    Off,
}

/// <summary>What happens to a text when a check gave no answer.</summary>
public enum FailMode
{
    Block,
    Fallback,

    /// <summary>Delivered, and marked and counted as not checked. The only way past a broken check.</summary>
    PassFlagged,

    /// <summary>Another check of the same stage answers instead.</summary>
    Degrade,
}

/// <param name="DegradeTo">Id of the check that answers instead; null unless <see cref="FailMode.Degrade"/>.</param>
public readonly record struct FailOutcome(FailMode Mode, string? DegradeTo)
{
    public static readonly FailOutcome Block = new(FailMode.Block, null);
}

/// <summary>One use of a check in one stage.</summary>
/// <param name="Use">Name of the check in the <see cref="CheckCatalog"/>.</param>
/// <param name="Id">Its name in findings, metrics and reports; unique within the stage.</param>
/// <param name="Settings">The canonical JSON object under <c>with</c>, or null.</param>
/// <param name="Threshold">Score from 0 to 1 at which it flags; null for the check's own calibrated one.</param>
public sealed record CheckUse(string Use, string Id, string? Settings, double? Threshold, Disposition Action)
{
    public CheckMode Mode { get; init; } = CheckMode.Enforce;

    /// <summary>What happens to a text that the check would have fixed and cannot.</summary>
    public Disposition Unfixable { get; init; } = Disposition.Block;

    public FailOutcome OnError { get; init; } = FailOutcome.Block;

    public FailOutcome OnTimeout { get; init; } = FailOutcome.Block;

    public FailOutcome OnSaturated { get; init; } = FailOutcome.Block;

    public FailOutcome OnAuthError { get; init; } = FailOutcome.Block;

    /// <summary>
    /// Most time for one text, in milliseconds. Null for 1,000 where somebody outside is asked, and for no limit where nobody is: local
    /// checks take time in proportion to the text, and are not interrupted but found late.
    /// </summary>
    public int? TimeoutMilliseconds { get; init; }

    /// <summary>What happens for each class of failure.</summary>
    public FailOutcome[] Outcomes() => [OnError, OnTimeout, OnSaturated, OnAuthError];

    public FailOutcome OutcomeOf(CheckFailure failure) => failure switch
    {
        CheckFailure.Timeout => OnTimeout,
        CheckFailure.Saturated => OnSaturated,
        CheckFailure.AuthError => OnAuthError,
        _ => OnError,
    };
}

/// <param name="BudgetMilliseconds">
/// Time for all checks of the stage together; null for no limit. A local check whose turn comes later has timed out; those outside,
/// who are all asked at once, may take what is left.
/// </param>
public sealed record StagePolicy(ImmutableArray<CheckUse> Checks, int? BudgetMilliseconds = null);

/// <param name="HoldMax">Most characters span checks may withhold, 64 to 4096.</param>
/// <param name="Window">Longest stretch a window check judges at once, in characters, 120 to 4096.</param>
public sealed record StreamingPolicy(int HoldMax = 256, int Window = 600);

/// <summary>What the ring does for one release. Part of the release, immutable, promoted and rolled back with it.</summary>
public sealed record GuardPolicy(
    string Name, ImmutableSortedDictionary<GuardStage, StagePolicy> Stages, StreamingPolicy Streaming, string BlockedResponse)
{
    /// <summary>Those outside who are asked, by the names that checks use.</summary>
    public ImmutableSortedDictionary<string, RemoteGuard> Remotes { get; init; } = ImmutableSortedDictionary<string, RemoteGuard>.Empty;

    /// <summary>Classifiers in files, by the names that checks use.</summary>
    public ImmutableSortedDictionary<string, ModelGuard> Models { get; init; } = ImmutableSortedDictionary<string, ModelGuard>.Empty;

    /// <summary>How often a model is asked again for one answer before another release is.</summary>
    /// <value>0 to 2. 1 by default.</value>
    public int MostReasks { get; init; } = 1;

    public const string ApiVersion = "backstop/v1";

    public const string DefaultBlockedResponse = "Sorry, I cannot help with that.";

    /// <summary>
    /// A policy that needs no editing: injections and texts that break things are refused, hidden text is taken out; abuse is
    /// blocked, personal data, secrets and addresses that carry data away are taken out of answers.
    /// </summary>
    public static GuardPolicy Default { get; } = Parse(DefaultJson);

    /// <summary><see cref="Default"/> as a file.</summary>
    public const string DefaultJson =
        """
        {
          "apiVersion": "backstop/v1",
          "name": "default",
          "stages": {
            "input": {
              "checks": [
                { "use": "limits", "action": "block" },
                { "use": "hidden_text", "action": "fix" },
                { "use": "injection", "action": "block" }
              ]
            },
            "output": {
              "checks": [
                { "use": "toxicity", "action": "block" },
                { "use": "secrets", "action": "fix" },
                { "use": "pii", "action": "fix" },
                { "use": "exfil_url", "action": "fix" }
              ]
            }
          }
        }
        """;

    /// <summary>A policy without checks.</summary>
    public static GuardPolicy Empty { get; } =
        new("empty", ImmutableSortedDictionary<GuardStage, StagePolicy>.Empty, new StreamingPolicy(), DefaultBlockedResponse);

    /// <summary>Reads a policy from JSON.</summary>
    /// <exception cref="GuardPolicyException">The text is not a policy; the message says where and what to write instead.</exception>
    public static GuardPolicy Parse(string json) => GuardPolicyReader.Read(json);

    /// <summary>Whom a check asks; null when the policy names no such guard.</summary>
    internal OutsideGuard? GuardOf(RemoteUse asking) => asking.IsModel
        ? Models.GetValueOrDefault(asking.Guard)
        : Remotes.GetValueOrDefault(asking.Guard);

    public ImmutableArray<CheckUse> ChecksOf(GuardStage stage) =>
        Stages.TryGetValue(stage, out var policy) ? policy.Checks : [];
}

/// <summary>A guard policy that cannot be used. The message starts with the place in the document.</summary>
public sealed class GuardPolicyException : Exception
{
    public GuardPolicyException()
    {
    }

    public GuardPolicyException(string message)
        : base(message)
    {
    }

    public GuardPolicyException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public static GuardPolicyException At(string path, string message) => new($"{path}: {message}");
}
