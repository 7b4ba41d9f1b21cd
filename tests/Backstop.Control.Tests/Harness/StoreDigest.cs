using Backstop.Control.Store;
using Backstop.Core.Registry;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Control.Tests.Harness;

/// <summary>All that a store holds, in one line: two that differ in anything but who is connected differ here.</summary>
internal static class StoreDigest
{
    public static Task<(long JournalLength, string Digest)> Of(ControlServer server) => server.Services.GetRequiredService<DurableStore>().Read(async context =>
    {
        var all = StoreJson.Write(new
        {
            Releases = await context.Releases.OrderBy(r => r.Name).ToListAsync(),
            Aliases = await context.Aliases.OrderBy(a => a.Name).ToListAsync(),
            Rollouts = await context.Rollouts.OrderBy(r => r.Id).ToListAsync(),
            Journal = await context.Journal.OrderBy(e => e.Sequence).ToListAsync(),
            Head = await context.JournalHead.ToListAsync(),
            Evidence = await context.Evidence.OrderBy(e => e.Alias).ToListAsync(),
            Incidents = await context.Incidents.OrderBy(i => i.Id).ToListAsync(),
            SuiteResults = await context.SuiteResults.OrderBy(r => r.Release).ThenBy(r => r.Gate).ToListAsync(),
            Gates = await context.Gates.OrderBy(g => g.Id).ToListAsync(),
            Answers = await context.Answers.OrderBy(a => a.Caller).ThenBy(a => a.Key).ToListAsync(),
            Models = await context.ModelNotes.OrderBy(m => m.Model).ThenBy(m => m.Version).ToListAsync(),
            Keys = await context.Keys.OrderBy(k => k.Prefix).ToListAsync(),
        });
        return (await context.Journal.LongCountAsync(), CanonicalJson.Digest(all));
    });
}
