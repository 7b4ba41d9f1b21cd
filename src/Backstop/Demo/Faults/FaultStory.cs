using System.Net;
using Backstop.Client;

namespace Backstop.Demo.Faults;

/// <summary>A fault outside every release, in order: it is found, named, contained, learnt from, and comes again in vain.</summary>
internal sealed class FaultStory(DemoOptions options, DemoFleet fleet, Traffic traffic, Application application, Action<DemoProgress> tell)
{
    private const int QuietLabels = 700;
    private const int HoldbackBasisPoints = 3000;

    /// <summary>So many requests of the second time are enough to see whether one gets through.</summary>
    private const int SecondTime = 300;

    /// <summary>So many requests that are well again lie between the two times.</summary>
    private const int Between = 100;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(400);

    private readonly GroundTruth[] _truths = [new(fleet.Good), new(fleet.Bad)];
    private string _doing = "starting";

    private ControlClient Client => fleet.Client;

    public async Task<FaultReport> Play(CancellationToken cancel)
    {
        _doing = $"learning what is usual, and promoting {application.Release(fleet.Bad)} with a holdback";
        await Until(_ => Right(r => !r.Faulty).N >= QuietLabels / 2, cancel);
        var rollout = (await Client.StartRollout(application.Alias, Rollout(), cancel)).Body;
        await Until(p => p.Rollout is { Status: "completed" } over && over.Id == rollout.Id, cancel);
        await Until(_ => Right(r => !r.Faulty).N >= QuietLabels, cancel);

        _doing = "breaking the application";
        var brokenAt = DateTimeOffset.UtcNow;
        application.IsBroken = true;
        var found = (await Until(p => p.Incident is not null, cancel)).Incident!;
        var foundAfter = (DateTimeOffset.UtcNow - brokenAt).TotalSeconds;
        _doing = "finding out what broke";
        var known = (await Until(p => p.Incident is { Cause: not null, Rollback: "does_not_help" }, cancel)).Incident!;
        var knownAfter = (DateTimeOffset.UtcNow - brokenAt).TotalSeconds;

        _doing = "containing it";
        await Contain(known.Id, cancel);
        var containedAt = DateTimeOffset.UtcNow;
        var over = (await Until(p => p.Incident is { Status: "resolved" or "diagnosed" } && p.Incident.Containments is [.., { Helped: not null }], cancel)).Incident!;
        _doing = "learning from it";
        var monitor = (await Client.Learn(found.Id, cancel)).Body;

        _doing = "repairing the application, and breaking it once more";
        application.IsBroken = false;
        var repairedAt = DateTimeOffset.UtcNow;
        await Until(_ => traffic.Receipts.Count(r => r.SentAt > repairedAt && !r.Faulty) >= Between, cancel);
        var againAt = DateTimeOffset.UtcNow;
        application.IsBroken = true;
        await Until(_ => traffic.Receipts.Count(r => r.SentAt > againAt && r.Faulty) >= SecondTime, cancel);
        await traffic.Stop();

        var incidents = (await Client.Incidents(application.Alias, cancel)).Body;
        var alias = (await Client.Alias(application.Alias, cancel)).Body;
        return new()
        {
            Fault = application.Fault,
            Seed = options.Seed,
            Rate = options.Rate,
            Requests = traffic.Sent,
            IncidentId = found.Id,
            Suspect = over.Suspects.FirstOrDefault()?.Suspect,
            Cause = over.Cause,
            Probability = over.Suspects.FirstOrDefault()?.Probability,
            Rollback = over.Rollback,
            FoundAfterS = Math.Round(foundAfter, 1),
            KnownAfterS = Math.Round(knownAfter, 1),
            Containment = over.Containments.LastOrDefault()?.Words,
            Helped = over.Containments.LastOrDefault()?.Helped,
            Because = over.Containments.LastOrDefault()?.Because,
            MonitorId = monitor.Monitor?.MonitorId,
            MonitorState = monitor.Monitor?.State,
            RightBefore = Right(r => r.SentAt < brokenAt).Share,
            RightDuring = Right(r => r.SentAt > brokenAt && r.SentAt < containedAt).Share,
            RightContained = Right(r => r.SentAt > containedAt && r.SentAt < repairedAt && r.Faulty).Share,
            RightSecondTime = Right(r => r.SentAt > againAt && r.Faulty).Share,
            SecondTimeRequests = traffic.Receipts.Count(r => r.SentAt > againAt && r.Faulty),
            SecondTimeReachedModel = Reached(againAt),
            IncidentsInAll = incidents.Length,
            ActiveRelease = alias.Current.Name,
        };
    }

    // A cause may be named by what was changed before enough was counted to make a rule: whoever is told so asks again.
    private async Task Contain(string incident, CancellationToken cancel)
    {
        while (true)
        {
            try
            {
                await Client.ChangeIncident(incident, "mitigate", new { }, cancel);
                return;
            }
            catch (ControlException e) when (e.Status is HttpStatusCode.Conflict)
            {
                await Task.Delay(LookEvery, cancel);
            }
        }
    }

    // Requests of the fault that a model server saw as the application sent them, by the servers' own records.
    private int Reached(DateTimeOffset since)
    {
        var sent = traffic.Receipts.Where(r => r.SentAt > since && r.Faulty).Select(r => r.RequestId).ToHashSet(StringComparer.Ordinal);
        return _truths.SelectMany(t => t.Read()).Where(a => sent.Contains(a.RequestId)).Count(a => application.Fault switch
        {
            "features" => a.Category == "null_features",
            "prompt" => a.Category == "plain",
            _ => true, // The application asks again under another id.
        });
    }

    private (int N, double? Share) Right(Func<Receipt, bool> which)
    {
        var all = traffic.Receipts.Where(r => which(r) && r.Correct is not null).ToArray();
        return (all.Length, all.Length == 0 ? null : Math.Round((double)all.Count(r => r.Correct == true) / all.Length, 3));
    }

    private NewRollout Rollout() => new(application.Release(fleet.Bad))
    {
        Plan = new PlanRequest([]) { HoldbackBasisPoints = HoldbackBasisPoints, BakeMs = 3000, VerifyWindowMs = 1000 }.ToJson(),
    };

    private async Task<DemoProgress> Until(Func<DemoProgress, bool> isSo, CancellationToken cancel)
    {
        while (true)
        {
            var alias = (await Client.Alias(application.Alias, cancel)).Body;
            var incidents = (await Client.Incidents(application.Alias, cancel)).Body;
            var rollout = alias.Rollout is { } present ? (await Client.Rollout(present.Id, cancel)).Body : null;
            var progress = new DemoProgress(_doing, alias, rollout, incidents.MaxBy(i => i.OpenedAt)) { Story = application.Fault };
            tell(progress);
            if (isSo(progress))
            {
                return progress;
            }

            await Task.Delay(LookEvery, cancel);
        }
    }
}
