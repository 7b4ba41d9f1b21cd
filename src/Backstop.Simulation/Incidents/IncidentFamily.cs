using System.Collections.Immutable;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Simulation.Incidents;

/// <summary>A cause at work: what it changes in the world at an effect above 0, up to 1.</summary>
/// <param name="Parts">What its own entry in the ledger says was changed; empty when it leaves none.</param>
/// <param name="Logged">How probable that entry is: not every change is told to anybody.</param>
internal sealed record Fault(Cause Cause, Func<World, double, World> Change, ImmutableArray<string> Parts = default, double Logged = 0.6);

/// <summary>One way in which services break.</summary>
/// <param name="Number">As in the catalogue of families.</param>
/// <param name="Swapped">Parts of the release that was promoted just before; empty when the last swap was days ago.</param>
internal sealed record IncidentFamily(string Number, string Name, ImmutableArray<Fault> Faults, ImmutableArray<string> Swapped = default, bool Slow = false)
{
    public static readonly ImmutableArray<IncidentFamily> All =
    [
        new("1", "bad model", [Model(BadModel)], ["model"]),
        new("2", "quantised model", [Model((m, e) => m with { Skill = m.Skill - (0.5 * e), Fragility = m.Fragility + (1.2 * e) })], ["model"]),
        new("3", "chat template mismatch", [Model((m, e) => m with { Malformed = m.Malformed + (0.12 * e), Skill = m.Skill - (0.9 * e) })], ["model"]),
        new("4", "sampling parameters", [Model((m, e) => m with { Skill = m.Skill - e, Verbosity = 1 + (0.8 * e), Effort = 1 + (0.3 * e) })], ["parameters"]),
        new("6", "registered prompt edit", [Prompt(BadPrompt)], ["prompt"]),
        new("7", "unregistered prompt edit", [Around(Cause.PromptOutOfBand, (a, e) => a with { Edit = (0.3 + (0.7 * e), BadPrompt(new(), e)) }, ["prompt_edit"], 0.1)]),
        new("10", "null-emitting pipeline", [Nulls]),
        new("11", "feature in other units", [Around(Cause.WrongFeatures, (a, e) => a with { FeatureScale = 3 * e }, ["features"], 0.5)]),
        new("12", "slow drift", [Drift], Slow: true),
        new("15", "stale index", [Around(Cause.StaleIndex, (a, e) => a with { IndexAge = a.IndexAge + (28 * e) }, ["index_build"], 0.3)], Slow: true),
        new("16", "retrieval outage", [Outage]),
        new("18", "provider failing", [Around(Cause.Provider, (a, e) => a with { ProviderFails = a.ProviderFails + (0.6 * e), ProviderSlowness = 1 + (1.2 * e) }, ["provider"], 0.5)]),
        new("21", "one pool", [Around(Cause.Pool, (a, e) => a with { Broken = (Slice.Pool, 3 * e, 0.4 * e) }, ["engine"])]),
        new("21", "one region", [Around(Cause.Region, (a, e) => a with { Broken = (Slice.Region, 1.2 * e, 0.15 * e) }, ["router"])]),
        new("22", "wrong adapter for a tenant", [Around(Cause.WrongWeights, (a, e) => a with { Broken = (Slice.Tenant, 4 * e, 0), WrongWeights = true }, ["router"], 0.4)]),
        new("23", "poisoned cache", [Around(Cause.Cache, (a, e) => a with { Broken = (Slice.Cached, 2.5 * e, 0) }, ["engine"], 0.3)]),
        new("24", "truncated context", [Around(Cause.Context, (a, e) => a with { Broken = (Slice.Long, 3 * e, 0) }, ["engine"])]),
        new("25", "outage beside a harmless deploy", [Outage], ["model"]),
        new("26", "nulls beside a harmless deploy", [Nulls], ["model"]),
        new("26", "drift beside a harmless deploy", [Drift], ["prompt"]),
        new("29", "bad model and nulls", [Model(BadModel), Nulls], ["model"]),
        new("30", "two parts, the model bad", [Model(BadModel)], ["model", "prompt"]),
        new("30", "two parts, the prompt bad", [Prompt(BadPrompt)], ["model", "prompt"]),
        new("31", "attack wave", [Around(Cause.Attack, (a, e) => a with { AttackShare = a.AttackShare + (0.35 * e), AttackTemplate = 0.1 + (0.8 * e) })]),
        new("33", "guard stops too much", [Guard((g, e) => g with { OverBlocks = g.OverBlocks + (0.15 * e) })], ["guard_policy"]),
        new("33", "guard stops too little", [Guard((g, e) => g with { Misses = Math.Min(1, g.Misses + e) }), Around(Cause.Attack, (a, e) => a with { AttackShare = a.AttackShare + (0.2 * e) })], ["guard_policy"]),
        new("35", "judge drift", [Around(Cause.JudgeDrift, (a, e) => a with { Judge = (a.Judge.False + (0.2 * e), a.Judge.Missed) }, ["judge"])]),
        new("36", "evaluator stops", [Around(Cause.EvaluatorDown, (a, e) => a with { JudgeRuns = a.JudgeRuns * (1 - e), Judge = (a.Judge.False, a.Judge.Missed + (0.3 * e)) }, ["telemetry"], 0.4)]),
        new("37", "good outcomes lost", [Around(Cause.LostOutcomes, (a, e) => a with { LostGood = a.LostGood + (0.6 * e) }, ["telemetry"], 0.4)]),
        new("38", "late labels", [Around(Cause.LateLabels, (a, e) => a with { LabelLag = a.LabelLag + (150 * e) }, ["telemetry"], 0.4)]),
        new("41", "leak", [Around(Cause.SlowServing, (a, e) => a with { Leak = 4 * e }, ["autoscaler"], 0.2)], Slow: true),
        new("44", "nothing: a noisy window", []),
        new("44", "nothing: other users after a campaign", [new(Cause.None, (w, e) => w with { Around = w.Around with { NewSubject = w.Around.NewSubject + (0.4 * e), Load = 1.3 } }, ["traffic"], 0.3)]),
        new("45", "nothing: a harmless deploy", [], ["model"]),
    ];

    /// <summary>Whether nothing is wrong in it.</summary>
    public bool IsNothing => Faults.All(f => f.Cause == Cause.None);

    private static Fault Nulls => Around(Cause.EmptyFeatures, (a, e) => a with { EmptyShards = Math.Ceiling(6 * e) }, ["features"], 0.5);

    private static Fault Drift => Around(Cause.Drift, (a, e) => a with { HardShare = Math.Min(0.9, a.HardShare + (0.6 * e)), Hardness = a.Hardness + e }, ["traffic"], 0.1);

    private static Fault Outage => Around(Cause.RetrievalDown, (a, e) => a with { RetrievalFails = a.RetrievalFails + (0.7 * e), RetrievalSlowness = 1 + (6 * e) }, ["retrieval"]);

    private static ModelPart BadModel(ModelPart m, double e) => m with { Skill = m.Skill - (1.4 * e), Unsafe = m.Unsafe + (0.088 * e), Malformed = m.Malformed + (0.139 * e) };

    private static PromptPart BadPrompt(PromptPart p, double e) => p with { Malformed = p.Malformed + (0.2 * e), Refusals = p.Refusals + (0.06 * e), Skill = p.Skill - (0.5 * e), Verbosity = 1 + (0.5 * e) };

    private static Fault Model(Func<ModelPart, double, ModelPart> change) =>
        new(Cause.Model, (w, e) => w with { Production = w.Production with { Model = change(w.Production.Model, e) } });

    private static Fault Prompt(Func<PromptPart, double, PromptPart> change) =>
        new(Cause.Prompt, (w, e) => w with { Production = w.Production with { Prompt = change(w.Production.Prompt, e) } });

    private static Fault Guard(Func<GuardPart, double, GuardPart> change) =>
        new(Cause.Guard, (w, e) => w with { Production = w.Production with { Guard = change(w.Production.Guard, e) } });

    private static Fault Around(Cause cause, Func<Surroundings, double, Surroundings> change, ImmutableArray<string> parts = default, double logged = 0.6) =>
        new(cause, (w, e) => w with { Around = change(w.Around, e) }, parts, logged);
}
