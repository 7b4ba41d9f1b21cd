using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Backstop.Client;

namespace Backstop.Demo;

/// <summary>The steps of a demo, in order. It waits for what the system does; it never tells it what to find.</summary>
internal sealed class Story(DemoOptions options, DemoFleet fleet, Traffic traffic, Action<DemoProgress> tell)
{
    public const string Alias = "assistant:prod";

    /// <summary>Checked answers before the promotion, so that it is known how good the present release is.</summary>
    private const int BaselineLabels = 400;

    /// <summary>How long the system is left alone after a shared fault, so that a wrong rollback would show.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(8);

    /// <summary>How long it may take until the diagnosis is sure; it needs about a hundred requests on the canary.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(400);

    private readonly GroundTruth[] _truths = [new(fleet.Good), new(fleet.Bad)];

    /// <summary>What is going on, for whoever must explain why it did not end.</summary>
    public string Doing { get; private set; } = "starting";

    private ControlClient Client => fleet.Client;

    /// <summary>Registers the two releases, and the alias that serves the first.</summary>
    public static async Task Register(DemoFleet fleet, string name, Func<Pool, string> release, Func<string, Uri, JsonObject> manifest, CancellationToken cancel)
    {
        foreach (var pool in (Pool[])[fleet.Good, fleet.Bad])
        {
            await fleet.Client.RegisterRelease(release(pool), manifest(pool.Release, pool.Address), cancel);
        }

        var alias = (await fleet.Client.CreateAlias(new(name, release(fleet.Good)) { CaptureSamples = true, LabelDeadlineMs = 1500 }, cancel)).Body;
        while (!alias.Gateways.Any(g => g.Generation == alias.Generation))
        {
            await Task.Delay(LookEvery, cancel);
            alias = (await fleet.Client.Alias(name, cancel)).Body;
        }
    }

    public async Task<DemoReport> Play(CancellationToken cancel)
    {
        Doing = $"learning how good {fleet.Good.Release} is";
        await Until(_ => traffic.Receipts.Count(r => r.Correct is not null) >= BaselineLabels, cancel);

        Doing = $"promoting {fleet.Bad.Release}";
        var rollout = (await Client.StartRollout(Alias, Rollout(), cancel)).Body;
        var ending = options.Story is DemoStory.UpstreamFault
            ? await Fault(rollout.Id, cancel)
            : await Until(p => p.Rollout is { IsOver: true } over && over.Id == rollout.Id, cancel);

        var incident = ending.Incident;
        GateProof? gate = null;
        string? secondTry = null;
        if (incident is { ReleaseToBlame: true })
        {
            Doing = "making a gate of the incident";
            gate = (await Client.Learn(incident.Id, cancel)).Body;
            Doing = $"promoting {fleet.Bad.Release} once more";
            secondTry = await TryAgain(cancel);
            incident = (await Client.Incident(incident.Id, cancel)).Body;
        }

        Doing = "reading what everybody received";
        var alias = (await Client.Alias(Alias, cancel)).Body;
        await traffic.Stop();
        return Report(alias, ending.Rollout!, incident, gate, secondTry);
    }

    /// <summary>Makes what both releases depend on worse while the second one is a canary, and waits whether it is blamed.</summary>
    private async Task<DemoProgress> Fault(string rollout, CancellationToken cancel)
    {
        await Until(p => p.Rollout is { } now && now.Id == rollout && p.Alias!.CandidateBasisPoints > 0, cancel);
        Doing = "watching a fault that both releases share";
        using var http = new HttpClient();
        foreach (var pool in (Pool[])[fleet.Good, fleet.Bad])
        {
            using var answer = await http.PostAsJsonAsync(new Uri(pool.Address, "emulator/profile"), new { @base = "v8", name = pool.Release }, cancel);
            answer.EnsureSuccessStatusCode();
        }

        await Until(p => p.Incident is not null, cancel);
        var (left, lost) = (DateTimeOffset.UtcNow + Doubt, DateTimeOffset.UtcNow + Patience);
        return await Until(
            p => p.Rollout is { IsOver: true }
                || (DateTimeOffset.UtcNow > left && p.Incident!.ReleaseToBlame is not null)
                || DateTimeOffset.UtcNow > lost,
            cancel);
    }

    /// <summary>Promotes the bad release once more, as somebody would who lifts the quarantine and hopes for the best.</summary>
    private async Task<string> TryAgain(CancellationToken cancel)
    {
        try
        {
            await Client.Approve(Alias, fleet.Bad.Release, "The demo tries it once more.", cancel);
            var rollout = (await Client.StartRollout(Alias, Rollout(), cancel)).Body;
            var end = await Until(p => p.Rollout is { IsOver: true } over && over.Id == rollout.Id, cancel);
            return $"{end.Rollout!.Status}: {end.Rollout.Reason}";
        }
        catch (ControlException e) when (e.Status is HttpStatusCode.Conflict)
        {
            return $"refused: {e.Message}";
        }
    }

    private NewRollout Rollout() => new(fleet.Bad.Release)
    {
        Plan = new PlanRequest(options.AtOnce ? [] : [new(BasisPoints: 500, DwellMs: 12_000, MinUnits: (long)(options.Rate * 10))])
        {
            HoldbackBasisPoints = 500,
            BakeMs = 6000,
            VerifyWindowMs = 1000,
            CoolDownMs = 0, // The second try is for the gate to refuse, not for the clock.
        }.ToJson(),
    };

    /// <summary>Looks until something is so, and shows what it sees.</summary>
    private async Task<DemoProgress> Until(Func<DemoProgress, bool> isSo, CancellationToken cancel)
    {
        while (true)
        {
            var alias = (await Client.Alias(Alias, cancel)).Body;
            var incidents = (await Client.Incidents(Alias, cancel)).Body;
            var rollout = alias.Rollout is { } present ? (await Client.Rollout(present.Id, cancel)).Body : null;
            var progress = new DemoProgress(Doing, alias, rollout, incidents.MaxBy(i => i.OpenedAt), Ledger.Join(_truths, traffic.Receipts));
            tell(progress);
            if (isSo(progress))
            {
                return progress;
            }

            await Task.Delay(LookEvery, cancel);
        }
    }

    private DemoReport Report(AliasView alias, RolloutView rollout, IncidentView? incident, GateProof? gate, string? secondTry)
    {
        var ledger = Ledger.Join(_truths, traffic.Receipts);
        var segments = incident?.SegmentsMs;
        return new()
        {
            Story = options.Story.ToString(),
            Seed = options.Seed,
            Rate = options.Rate,
            Requests = traffic.Sent,
            Failed = ledger.Receipts.Values.Count(r => r.Status is not 200 && !r.Filtered) + traffic.TurnedAway,
            RequestsToDetect = incident?.RequestsToDetect,
            OnsetToDetectedS = Segment(segments, "onset_to_detected") / 1000,
            DetectedToSwappedMs = Segment(segments, "detected_to_decided") + Segment(segments, "decided_to_swapped"),
            SwappedToConvergedMs = Segment(segments, "swapped_to_converged"),
            SegmentsMs = segments,
            UnsafeEmitted = ledger.Toxic + ledger.Malformed,
            ToxicEmitted = ledger.Toxic,
            MalformedEmitted = ledger.Malformed,
            UnsafeDelivered = ledger.ToxicDelivered + ledger.MalformedDelivered,
            ToxicDelivered = ledger.ToxicDelivered,
            MalformedDelivered = ledger.MalformedDelivered,
            FalseBlocks = ledger.FalseBlocks,
            ServedByBadAfterConvergence = incident?.Timeline?.Converged is { } converged ? ledger.SentAfter(converged, fleet.Bad.Release) : null,
            ActiveRelease = alias.Current.Name,
            Generation = alias.Generation,
            RolloutStatus = rollout.Status,
            IncidentId = incident?.Id,
            ReleaseToBlame = incident?.ReleaseToBlame,
            Suspect = incident?.Suspects.FirstOrDefault()?.Suspect,
            Rollback = incident?.Rollback,
            Pattern = incident?.Pattern,
            GateId = gate?.GateId,
            GateBlocksBad = gate?.BlocksBad,
            GatePassesGood = gate?.PassesGood,
            SecondTry = secondTry,
            PromotedRelease = ledger.QualityOf(fleet.Bad.Release, met: true),
            OtherRelease = ledger.QualityOf(fleet.Bad.Release, met: false),
        };
    }

    private static double? Segment(Dictionary<string, double?>? segments, string name) => segments?.GetValueOrDefault(name);
}

/// <summary>A look at everything at once.</summary>
/// <param name="Doing">The present step.</param>
internal sealed record DemoProgress(
    string Doing, AliasView? Alias = null, RolloutView? Rollout = null, IncidentView? Incident = null, Ledger? Ledger = null)
{
    /// <summary>Which of several stories it is a step of; null where there is only one.</summary>
    public string? Story { get; init; }
}
