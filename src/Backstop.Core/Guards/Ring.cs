using System.Collections.Immutable;
using Backstop.Core.Guards.Remote;

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

    /// <summary>Time since any fixed moment, for the budgets of local checks; null where nobody waits and none counts.</summary>
    public Func<TimeSpan>? Clock { get; init; }

    /// <summary>Takes the texts that are looked at when the answer has left, by the checks that only take notes; null where these look at once.</summary>
    public List<ScanUnit>? Later { get; init; }

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

    // By the number of the stage.
    private readonly StageChecks[] _stages;

    private Ring(GuardPolicy policy, StageChecks[] stages)
    {
        (Policy, _stages) = (policy, stages);
        TakesNotes = stages.Any(stage => !stage.Noting.IsEmpty);
        IsTimed = policy.Stages.Values.Any(stage => stage.BudgetMilliseconds is not null || stage.Checks.Any(check => check.TimeoutMilliseconds is not null));
    }

    public GuardPolicy Policy { get; }

    /// <summary>Where it remembers messages in which it found nothing; null where it looks at everything every time.</summary>
    public CleanTexts? Clean { get; init; }

    /// <summary>Whether a check of this process only takes notes, and need not be waited for.</summary>
    public bool TakesNotes { get; }

    /// <summary>Whether the policy limits the time of checks, so that <see cref="RingContext.Clock"/> is wanted.</summary>
    public bool IsTimed { get; }

    /// <summary>Compiles a policy. A stage that it does not name gets those checks of the stage it is most like that can look at it.</summary>
    /// <exception cref="GuardPolicyException">A check's settings do not fit.</exception>
    public static Ring Compile(GuardPolicy policy)
    {
        var stages = new StageChecks?[Enum.GetValues<GuardStage>().Length];
        foreach (var (stage, named) in policy.Stages)
        {
            stages[(int)stage] = StageChecks.Of(CompileStage(stage, named, policy.Streaming));
        }

        foreach (var (stage, model) in Alike)
        {
            stages[(int)stage] ??= stages[(int)model]?.Where(check => check.Descriptor.Stages.Contains(stage));
        }

        return new(policy, [.. stages.Select(stage => stage ?? StageChecks.None)]);
    }

    /// <summary>What a stage is looked at by that a policy does not name: those checks of the stage it is most like that can look at it.</summary>
    internal static StagePolicy Unnamed(GuardPolicy policy, GuardStage stage) => new(
    [
        .. Alike.Where(pair => pair.Stage == stage).SelectMany(pair => policy.ChecksOf(pair.Model))
            .Where(use => CheckCatalog.Create(use, policy.Streaming, use.Id).Descriptor.Stages.Contains(stage)),
    ]);

    /// <summary>The same ring, which does not look twice at the earlier messages of a conversation.</summary>
    /// <param name="key">32 bytes nobody could foresee, new for each ring.</param>
    public Ring Remembering(ReadOnlyMemory<byte> key) => new(Policy, _stages) { Clean = new CleanTexts(key) };

    /// <summary>Starts the screening of one request.</summary>
    public RingSession Open(RingContext context) => new(this, context);

    /// <summary>The same checks without those that ask somebody outside, for where nobody can be asked.</summary>
    public Ring Local => new(Policy, [.. _stages.Select(stage => stage.Where(check => !check.Descriptor.Asks))]);

    /// <summary>What the screening of a request and its answer reads, in its order.</summary>
    public IEnumerable<object?> Read =>
    [
        this, _stages, .. new[] { GuardStage.Input, GuardStage.Output }.Select(Of).Where(stage => stage != StageChecks.None).SelectMany(stage => stage.Read), Clean,
    ];

    internal StageChecks Of(GuardStage stage) => _stages[(int)stage];

    private static ImmutableArray<CompiledCheck> CompileStage(GuardStage key, StagePolicy stage, StreamingPolicy streaming) =>
    [
        .. stage.Checks
            .Select(use => (use, duty: DutyOf(use, stage), check: CheckCatalog.Create(use, streaming, $"{GuardStages.KeyOf(key)}.{use.Id}.with")))
            .Where(pair => pair.duty != CheckDuty.None)
            .Select(pair => new CompiledCheck(pair.use, pair.check, pair.duty) { OnlyNotes = !pair.check.Descriptor.Asks && OnlyNotes(key, stage, pair.use, pair.duty) }),
    ];

    // What is observed in a request counts it as an attack, for which the answer's record waits; and who may have to answer in
    // the place of another must be there when that one fails.
    private static bool OnlyNotes(GuardStage key, StagePolicy stage, CheckUse use, CheckDuty duty)
    {
        var isOfAnswer = key is GuardStage.Output or GuardStage.Reasoning or GuardStage.ToolArguments;
        var notes = duty == CheckDuty.Shadow || (duty == CheckDuty.Enforce && use.Action == Disposition.Observe && isOfAnswer);
        return notes && !stage.Checks.Any(other => other.Outcomes().Any(outcome => outcome.DegradeTo == use.Id));
    }

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

/// <summary>Which checks of a stage are at work.</summary>
internal enum Work
{
    All,

    /// <summary>Those that may change what becomes of the text.</summary>
    Decide,

    /// <summary>Those that only take notes.</summary>
    Note,
}

internal sealed record CompiledCheck(CheckUse Use, ICheck Check, CheckDuty Duty)
{
    /// <summary>Whether nothing waits for it, so that it may look when the answer has left.</summary>
    public bool OnlyNotes { get; init; }

    // Asked for with every text and every piece of a stream.
    public CheckDescriptor Descriptor { get; } = Check.Descriptor;

    /// <summary>What it asks somebody outside; null for a check that asks nobody.</summary>
    public RemoteUse? Asking { get; } = (Check as IAsking)?.Asking;
}
