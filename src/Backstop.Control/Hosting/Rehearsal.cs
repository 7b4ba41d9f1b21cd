using System.Collections.Immutable;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;
using Backstop.Core.Routing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Backstop.Control.Hosting;

/// <summary>Catches and takes back a made-up bad release on a store that is thrown away, before the first real one can come.</summary>
/// <remarks>
/// The first run of any code waits for its compiler, and the code of a rollback runs for the first time in an emergency:
/// unrehearsed, it takes seconds on a busy core. A control plane that fails its rehearsal must not start.
/// </remarks>
internal static class Rehearsal
{
    private const string Alias = "rehearsal";
    private const int Requests = 4000;
    private const int CanaryBasisPoints = 5000;

    // What was compiled stays so: another server in the same process has nothing left to rehearse.
    private static volatile bool _wasPlayed;

    /// <summary>Plays it, unless this process has played it before.</summary>
    /// <exception cref="InvalidOperationException">The bad release was not taken back.</exception>
    public static async Task Play(CancellationToken cancel)
    {
        if (_wasPlayed)
        {
            return;
        }

        var directory = Directory.CreateTempSubdirectory("backstop-rehearsal-");
        try
        {
            using var store = DurableStore.At(new StoreAddress.Sqlite(directory.FullName));
            await store.Open(cancel);
            await Play(store);
            _wasPlayed = true;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task Play(DurableStore store)
    {
        var clock = TimeProvider.System;
        var (aliases, releases) = (new AliasStore(store, clock), new ReleaseStore(store, clock));
        var (good, bad) = (await Register(releases, "good"), await Register(releases, "bad"));
        var alias = new AliasRecord { Name = Alias, Current = good, Salt = Alias };
        await aliases.Create(alias, Note("alias_created"));

        var evidence = new AliasEvidence(Alias);
        Observe(evidence, alias, clock.GetUtcNow(), sequence: 1);
        var submitted = RolloutMachine.Submit(alias, Alias, bad, new() { Steps = [new(CanaryBasisPoints, TimeSpan.Zero, 0)] }, clock.GetUtcNow());
        var stored = new StoredRollout { SubmittedAt = clock.GetUtcNow(), Rollout = submitted.Next.Rollout, Evidence = new() };
        await aliases.Commit(alias, alias, stored, Note("rollout_submitted"));
        (alias, stored) = await Step(aliases, alias, stored, new RolloutEvent.Gated(clock.GetUtcNow(), Failed: null));
        (alias, stored) = await Step(aliases, alias, stored, new RolloutEvent.Warmed(clock.GetUtcNow(), Failed: null));

        evidence.Begin(new(Alias, alias.Epoch, alias.Generation));
        Observe(evidence, alias, clock.GetUtcNow(), sequence: 2);
        await new EvidenceStore(store).Save(evidence, new(), clock.GetUtcNow());
        var judgement = Judge.Evaluate(evidence, stored.Contrast()!, stored.Evidence, clock.GetUtcNow());
        (alias, stored) = await Step(
            aliases, alias, stored, new RolloutEvent.Judged(clock.GetUtcNow(), judgement.Verdict, judgement.Units, judgement.OneArmAlarm, judgement.Reason));
        (_, stored) = await Step(aliases, alias, stored, new RolloutEvent.Converged(clock.GetUtcNow(), alias.Generation));
        if (stored.Rollout.Status != RolloutStatus.Verifying)
        {
            throw new InvalidOperationException(
                $"The rehearsal of a rollback failed: a release that fails every third request was called {judgement.Verdict} ({judgement.Reason}).");
        }

        var shelf = new SampleShelf(NullLogger<SampleShelf>.Instance);
        var reporter = new IncidentReporter(new(store, releases, shelf, new(store, clock), clock), NullLogger.Instance);
        reporter.Open(stored, judgement, evidence.RatesFor(new(Alias, alias.Epoch, alias.Generation)), new(Blamed: true, judgement.Reason));
        reporter.Stamp(stored.Timeline);
        await reporter.Finish();
    }

    private static async Task<string> Register(ReleaseStore releases, string name)
    {
        var manifest = $$"""{ "model": { "name": "{{name}}" }, "serving": { "protocol": "openai", "model": "{{name}}", "replicas": ["http://127.0.0.1:1"] } }""";
        var release = ((ReleaseResult.Parsed)Release.Parse(name, manifest)).Release;
        await releases.Register(release, Alias);
        return release.Digest;
    }

    private static async Task<(AliasRecord, StoredRollout)> Step(AliasStore aliases, AliasRecord alias, StoredRollout stored, RolloutEvent e)
    {
        var next = RolloutMachine.Step(new(stored.Rollout, alias), e).Next;
        var after = stored with
        {
            Revision = stored.Revision + 1,
            Rollout = next.Rollout,
            Stages = next.Alias.Generation == alias.Generation ? stored.Stages : stored.Stages.Add(next.Alias.ToRoute()),
        };
        await aliases.Commit(alias, next.Alias, after, Note("rollout_stepped"));
        return (next.Alias, after);
    }

    /// <summary>Every third answer of the candidate is malformed, none of the others'.</summary>
    private static void Observe(AliasEvidence evidence, AliasRecord alias, DateTimeOffset now, long sequence)
    {
        var key = new EvidenceKey(Alias, alias.Epoch, alias.Generation);
        var arms = alias.Candidate is null ? [Arm.Baseline] : ImmutableArray.Create(Arm.Baseline, Arm.Candidate);
        const int buckets = 20;
        var perArm = Requests / buckets / arms.Length;
        evidence.Merge(new(Alias, Alias, sequence,
        [
            .. from bucket in Enumerable.Range(0, buckets)
               from @group in Enum.GetValues<EvidenceGroup>()
               let at = now - TimeSpan.FromMilliseconds((buckets - bucket) * EpochCounts.BucketMilliseconds)
               select new EpochCounts(key, EpochCounts.BucketOf(at), @group, [.. arms.Select(arm => Cell(arm, perArm, @group))]),
        ]));
    }

    private static CountCell Cell(Arm arm, int requests, EvidenceGroup group)
    {
        var outcomes = new long[Enum.GetValues<Outcome>().Length];
        var served = new long[Enum.GetValues<Served>().Length];
        var malformed = arm == Arm.Candidate ? requests / 3 : 0;
        outcomes[(int)Outcome.SchemaBlocked] = malformed;
        outcomes[(int)(group == EvidenceGroup.Form ? Outcome.Unlabelled : Outcome.Correct)] = requests - malformed;
        served[0] = requests;
        return new(arm, Stratum: 0, [.. outcomes], [.. served]);
    }

    private static JournalDraft Note(string kind) => new(kind, Alias, "rehearsal");
}
