using System.Collections.Immutable;

namespace Backstop.Core.Guards;

/// <summary>What is known about the request whose texts are screened.</summary>
public sealed record RingContext(string Alias, string? Tenant = null)
{
    /// <summary>A request of which nothing is known.</summary>
    public static RingContext None => new("");

    /// <summary>The request's messages, for checks that ask whether an answer is grounded in them.</summary>
    public IReadOnlyList<ScanUnit> Messages { get; init; } = [];

    /// <summary>What the release itself tells the model before the request's messages; null when it says nothing.</summary>
    public string? Prompt { get; init; }

    /// <summary>Letters that nobody could foresee, new for each request, for marks around text that is not trusted. Null for none.</summary>
    public string? Nonce { get; init; }

    /// <summary>What the ring took out of the request and will put back into its answer.</summary>
    public TokenVault Tokens { get; } = new();
}

/// <summary>The checks of one policy, compiled. Immutable: one ring serves all requests of a release at once.</summary>
public sealed class Ring
{
    // A policy that does not speak of these must not leave them unseen. Arguments of tools are not among them: a redacted
    // address or a document of the answer's schema would be the wrong one to call a tool with.
    private static readonly (GuardStage Stage, GuardStage Model)[] Alike =
    [
        (GuardStage.Reasoning, GuardStage.Output), (GuardStage.ToolResult, GuardStage.Input), (GuardStage.Retrieval, GuardStage.Input),
    ];

    private readonly ImmutableSortedDictionary<GuardStage, ImmutableArray<CompiledCheck>> _stages;

    private Ring(GuardPolicy policy, ImmutableSortedDictionary<GuardStage, ImmutableArray<CompiledCheck>> stages) =>
        (Policy, _stages) = (policy, stages);

    public GuardPolicy Policy { get; }

    /// <summary>Compiles a policy. A stage that it does not name gets those checks of the stage it is most like that can look at it.</summary>
    /// <exception cref="GuardPolicyException">A check's settings do not fit.</exception>
    public static Ring Compile(GuardPolicy policy)
    {
        var stages = policy.Stages.ToImmutableSortedDictionary(
            stage => stage.Key, stage => CompileStage(stage.Value, policy.Streaming, GuardStages.KeyOf(stage.Key)));
        foreach (var (stage, model) in Alike)
        {
            if (!stages.ContainsKey(stage) && stages.TryGetValue(model, out var checks))
            {
                stages = stages.Add(stage, [.. checks.Where(check => check.Check.Descriptor.Stages.Contains(stage))]);
            }
        }

        return new(policy, stages);
    }

    /// <summary>Starts the screening of one request.</summary>
    public RingSession Open(RingContext context) => new(this, context);

    /// <summary>The same checks without those that ask somebody outside, for where nobody can be asked.</summary>
    public Ring Local => new(Policy, _stages.ToImmutableSortedDictionary(
        stage => stage.Key, stage => stage.Value.RemoveAll(check => check.Check.Descriptor.Asks)));

    internal ImmutableArray<CompiledCheck> ChecksOf(GuardStage stage) => _stages.GetValueOrDefault(stage, []);

    /// <summary>Whether somebody outside is asked about the texts of a stage.</summary>
    internal bool Asks(GuardStage stage)
    {
        foreach (var check in ChecksOf(stage))
        {
            if (check.Check.Descriptor.Asks)
            {
                return true;
            }
        }

        return false;
    }

    private static ImmutableArray<CompiledCheck> CompileStage(StagePolicy stage, StreamingPolicy streaming, string path) =>
    [
        .. stage.Checks
            .Select(use => (use, duty: DutyOf(use, stage)))
            .Where(pair => pair.duty != CheckDuty.None)
            .Select(pair => new CompiledCheck(pair.use, CheckCatalog.Create(pair.use, streaming, $"{path}.{pair.use.Id}.with"), pair.duty)),
    ];

    // A check that is off still runs when another degrades to it: it must have seen the text from its first character.
    // The substitute of a substitute too: no policy has a circle of them.
    private static CheckDuty DutyOf(CheckUse use, StagePolicy stage) => use.Mode switch
    {
        CheckMode.Enforce => CheckDuty.Enforce,
        CheckMode.Shadow => CheckDuty.Shadow,
        _ when stage.Checks.Any(other => other.Outcomes().Any(outcome => outcome.DegradeTo == use.Id) && DutyOf(other, stage) is CheckDuty.Enforce or CheckDuty.Standby)
            => CheckDuty.Standby,
        _ => CheckDuty.None,
    };
}

internal enum CheckDuty
{
    None,
    Enforce,
    Shadow,

    /// <summary>Runs unseen, and decides only when a check that degrades to it fails.</summary>
    Standby,
}

internal sealed record CompiledCheck(CheckUse Use, ICheck Check, CheckDuty Duty);
