using System.Collections.Immutable;
using Backstop.Core.Guards.Checks;

namespace Backstop.Core.Guards;

/// <summary>The local checks by the name a policy uses for them.</summary>
public static class CheckCatalog
{
    private static readonly ImmutableSortedDictionary<string, Func<CheckUse, PolicyNode, StreamingPolicy, ICheck>> Factories =
        new Dictionary<string, Func<CheckUse, PolicyNode, StreamingPolicy, ICheck>>
        {
            [JsonSchemaCheck.Name] = (_, with, _) => JsonSchemaCheck.Create(with),
            [ToxicityCheck.Name] = (use, with, streaming) => ToxicityCheck.Create(use.Threshold, with, streaming.Window),
            [PiiCheck.Name] = (_, with, _) => PiiCheck.Create(with),
            [InjectionCheck.Name] = (use, _, _) => InjectionCheck.Create(use.Threshold),
            [ExfilUrlCheck.Name] = (_, with, _) => ExfilUrlCheck.Create(with),
            [GroundedNumbersCheck.Name] = (_, with, _) => GroundedNumbersCheck.Create(with),
            [HiddenTextCheck.Name] = (_, _, _) => HiddenTextCheck.Create(),
            [IdentifiersCheck.Name] = (_, with, _) => IdentifiersCheck.Create(with),
            [LanguageCheck.Name] = (_, with, _) => LanguageCheck.Create(with),
            [LengthCheck.Name] = (_, with, _) => LengthCheck.Create(with),
            [LimitsCheck.Name] = (_, with, _) => LimitsCheck.Create(with),
            [PatternCheck.Name] = (_, with, _) => PatternCheck.Create(with),
            [PromptLeakCheck.Name] = (_, with, _) => PromptLeakCheck.Create(with),
            [RepetitionCheck.Name] = (_, with, _) => RepetitionCheck.Create(with),
            [DialogueCheck.Name] = (use, with, _) => DialogueCheck.Create(use, with),
            [RemoteCheck.Name] = (use, with, _) => RemoteCheck.Create(use, with),
            [RemoteCheck.ModelName] = (use, with, _) => RemoteCheck.CreateModel(use, with),
            [RemoteCheck.JudgeName] = (use, with, _) => RemoteCheck.CreateJudge(use, with),
            [SecretsCheck.Name] = (_, with, _) => SecretsCheck.Create(with),
            [SpotlightCheck.Name] = (_, with, _) => SpotlightCheck.Create(with),
            [TopicCheck.Name] = (_, with, _) => TopicCheck.Create(with),
        }.ToImmutableSortedDictionary(StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Names { get; } = [.. Factories.Keys];

    /// <summary>The settings that a check reads.</summary>
    /// <param name="least">Settings with which it can be made.</param>
    internal static IReadOnlyCollection<string> SettingsOf(string name, string least)
    {
        var with = PolicyNode.Parse(least, name);
        Factories[name](new CheckUse(name, name, null, null, Disposition.Block), with, new StreamingPolicy());
        return with.Known;
    }

    /// <summary>Compiles a check with its settings.</summary>
    /// <exception cref="GuardPolicyException">The settings are not the check's.</exception>
    public static ICheck Create(CheckUse use, StreamingPolicy streaming, string path)
    {
        var with = PolicyNode.Parse(use.Settings ?? "{}", path);
        var check = Factories[use.Use](use, with, streaming);
        with.Done();
        return check;
    }
}
