using System.Globalization;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Gates;
using Microsoft.EntityFrameworkCore;

namespace Backstop.Control.Gates;

/// <summary>What suites of files found about releases. The last result of each counts; the journal keeps all of them.</summary>
public sealed class SuiteResultStore(DurableStore store)
{
    /// <summary>Keeps a result in the place of the one before.</summary>
    public Task Save(SuiteResult result, string releaseName) => store.Write(async context =>
    {
        var record = StoreJson.Write(result);
        if (await context.SuiteResults.Where(r => r.Release == result.Release && r.Gate == result.Gate).ExecuteUpdateAsync(set => set.SetProperty(r => r.Record, record)) == 0)
        {
            context.SuiteResults.Add(new() { Release = result.Release, Gate = result.Gate, Record = record });
        }

        var draft = new JournalDraft("gate_recorded", result.Actor, string.Create(
            CultureInfo.InvariantCulture,
            $"gate {result.Gate} ({result.GateDigest}) on {releaseName}: {result.Verdict.ToString().ToLowerInvariant()}, {result.Counts.Failures} of {result.Counts.Runs} failed, {result.FailIfMoreThan} may, {result.Counts.Errors} without an answer"));
        await Journal.Append(context, result.At, draft, alias: null, generation: null, before: null, after: null);
        return (true, true);
    });

    /// <summary>The last result of each suite on a release, by suite.</summary>
    public Task<List<SuiteResult>> Of(string release) => store.Read(async context =>
        (await context.SuiteResults.AsNoTracking().Where(r => r.Release == release).OrderBy(r => r.Gate).Select(r => r.Record).ToListAsync()).ConvertAll(StoreJson.Read<SuiteResult>));
}
