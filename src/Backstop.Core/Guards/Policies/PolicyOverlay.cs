using System.Collections.Immutable;
using System.Globalization;

namespace Backstop.Core.Guards;

/// <summary>An emergency measure: for a while a policy is stricter than its release says.</summary>
/// <remarks>
/// It can only tighten. Whoever wants to loosen a policy promotes a release with another one, past its gates; whoever stops
/// harm in the night must not have to. It ends by itself, because measures nobody remembers are worse than none.
/// </remarks>
/// <param name="Owner">Who answers for it.</param>
/// <param name="Expires">When it ends, at most a week ahead.</param>
public sealed record PolicyOverlay(string Owner, string Reason, DateTimeOffset Expires, GuardPolicy Tightening)
{
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(7);

    /// <summary>Reads <c>{"owner", "reason", "expires", "stages": …}</c>, the stages as in a policy.</summary>
    /// <exception cref="GuardPolicyException">Something is missing or not of the form; the message says what.</exception>
    public static PolicyOverlay Parse(string json, DateTimeOffset now)
    {
        var root = PolicyNode.Parse(json, "");
        var overlay = new PolicyOverlay(
            Required(root, "owner", "who answers for it"),
            Required(root, "reason", "why it is needed"),
            Date(Required(root, "expires", "when it ends")),
            GuardPolicy.Parse($$"""{"name":"overlay","stages":{{root.Raw("stages") ?? "{}"}}}"""));
        root.Done();
        return overlay.Expires <= now ? throw GuardPolicyException.At("expires", $"{overlay.Expires:u} has passed.")
            : overlay.Expires - now > LongestLife ? throw GuardPolicyException.At("expires", "is more than a week ahead. What must stay belongs into a release.")
            : overlay;
    }

    /// <summary>The policy as it holds now: unchanged when the overlay has ended.</summary>
    /// <exception cref="GuardPolicyException">Something in it would be looser than the policy is.</exception>
    public GuardPolicy Over(GuardPolicy policy, DateTimeOffset now)
    {
        if (now >= Expires)
        {
            return policy;
        }

        var stages = policy.Stages;
        foreach (var (stage, tightening) in Tightening.Stages)
        {
            var own = stages.GetValueOrDefault(stage) ?? Ring.Unnamed(policy, stage);
            var checks = own.Checks;
            foreach (var use in tightening.Checks)
            {
                var index = checks.Select(check => check.Id).ToList().IndexOf(use.Id);
                checks = index < 0 ? checks.Add(use) : checks.SetItem(index, Tighter(checks[index], use, $"stages.{GuardStages.KeyOf(stage)}.{use.Id}"));
            }

            stages = stages.SetItem(stage, own with { Checks = checks });
        }

        return policy with { Stages = stages };
    }

    private static CheckUse Tighter(CheckUse own, CheckUse overlay, string path)
    {
        if (own.Use != overlay.Use)
        {
            throw GuardPolicyException.At(path, $"is '{own.Use}' in the policy. Give the overlay's '{overlay.Use}' another 'id'.");
        }

        var looser = overlay.Mode > own.Mode || overlay.Action < own.Action || (own.Threshold is { } before && !(overlay.Threshold <= before));
        return looser
            ? throw GuardPolicyException.At(path, "would be looser than the policy. An overlay can only tighten: raise the action, lower the threshold, enforce.")
            : own with { Action = overlay.Action, Mode = overlay.Mode, Threshold = overlay.Threshold ?? own.Threshold, Settings = overlay.Settings ?? own.Settings };
    }

    private static string Required(PolicyNode root, string key, string meaning) =>
        root.Text(key) is { Length: > 0 } text ? text : throw GuardPolicyException.At(key, $"is missing: say {meaning}.");

    private static DateTimeOffset Date(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? date
            : throw GuardPolicyException.At("expires", $"'{text}' is not a time. Write it as 2026-01-31T18:00:00Z.");
}
