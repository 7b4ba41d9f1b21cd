using System.Collections.Immutable;

namespace Backstop.Core.Guards.Checks.Dialogue;

/// <summary>Something a user may want, known by how users say it.</summary>
/// <param name="Examples">Sentences that say it.</param>
/// <param name="Answer">What is answered instead of asking the model; null for the policy's own text.</param>
/// <param name="Route">The alias whose release answers instead of this one; null for none.</param>
/// <param name="After">The intent that an earlier message of the user must have had; null when it is not wanted at all.</param>
/// <param name="IsStep">Whether it is welcome, and only there for others to come after.</param>
internal sealed record Intent(string Name, ImmutableArray<string> Examples, string? Answer, string? Route, string? After, bool IsStep)
{
    public static ImmutableArray<Intent> Read(PolicyNode with)
    {
        var intents = (with.Node("intents")?.AllNodes() ?? []).Select(pair => Read(pair.Key, pair.Value)).ToImmutableArray();
        if (intents.IsEmpty)
        {
            throw GuardPolicyException.At(with.Path, "needs 'intents', such as {\"refund\": {\"examples\": [\"I want my money back\"]}}.");
        }

        foreach (var intent in intents)
        {
            if (intent.After is { } step && intents.All(other => other.Name != step))
            {
                throw PolicyNode.Unknown($"{with.Path}.intents.{intent.Name}.after", step, [.. intents.Select(other => other.Name)]);
            }
        }

        return intents;
    }

    private static Intent Read(string name, PolicyNode node)
    {
        var intent = new Intent(name, [.. node.Texts("examples") ?? []], node.Text("answer"), node.Text("route"), node.Text("after"), node.Flag("step") ?? false);
        node.Done();
        return intent.Examples.IsEmpty || intent.Examples.Any(string.IsNullOrWhiteSpace) ? throw GuardPolicyException.At(node.Path, "needs 'examples', sentences of users who want this.")
            : intent.IsStep && (intent.After ?? intent.Answer ?? intent.Route) is not null ? throw GuardPolicyException.At(node.Path, "is a step, which is always welcome: it has neither 'after' nor 'answer' nor 'route'.")
            : intent.Answer is not null && intent.Route is not null ? throw GuardPolicyException.At(node.Path, "has an 'answer' or a 'route', not both: either words are answered, or another alias answers.")
            : intent;
    }
}
