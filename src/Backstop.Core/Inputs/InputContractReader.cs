using System.Collections.Immutable;
using Backstop.Core.Guards;

namespace Backstop.Core.Inputs;

/// <summary>Reads and writes the part of a traffic policy that says what requests must bring.</summary>
internal static class InputContractReader
{
    private const int MostNames = 1000;
    private const int LongestName = 200;

    /// <summary>Reads <c>inputs</c>.</summary>
    public static InputContract Read(PolicyNode? node)
    {
        if (node is null)
        {
            return InputContract.None;
        }

        var (prompts, features, retrieval) = (node.Node("prompts"), node.Node("features"), node.Node("retrieval"));
        var contract = new InputContract
        {
            ContainsByItself = node.Choice("contain", "automatically", "when_told") == "automatically",
            Prompts = prompts?.Texts("known") is { } known ? [.. known] : null,
            OtherPrompts = prompts?.Choice("otherwise", "pin", "refuse") == "refuse" ? UnknownPrompt.Refuse : UnknownPrompt.Pin,
            Defaults = features?.Node("defaults")?.AllNumbers().ToImmutableSortedDictionary(StringComparer.Ordinal) ?? InputContract.None.Defaults,
            OldestDays = retrieval?.Number("oldest_days", 0, 100_000),
            Bypassed = [.. retrieval?.Texts("bypass") ?? []],
        };
        prompts?.Done();
        features?.Done();
        retrieval?.Done();
        node.Done();
        return prompts is not null && contract.Prompts is null ? throw GuardPolicyException.At(prompts.Path, "needs 'known', a list of fingerprints.")
            : contract.Bypassed.Count > MostNames || contract.Bypassed.Any(i => i.Length is 0 or > LongestName || i.Any(c => c is < ' ' or > '~' or ',' or ';'))
                ? throw GuardPolicyException.At($"{retrieval!.Path}.bypass", $"must be at most {MostNames} names of 1 to {LongestName} printable characters without ',' and ';'.")
            : contract.Prompts?.Count > MostNames ? throw GuardPolicyException.At(prompts!.Path, $"knows more than {MostNames} fingerprints.")
            : contract;
    }
}
