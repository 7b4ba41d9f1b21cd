using Backstop.Core.Guards;
using Backstop.Core.Routing;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Routing;
using Backstop.Gateway.Tests.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Tests.Guards;

/// <summary>Checks are tried once before requests come, on texts that nobody wrote.</summary>
public sealed class WarmUpTests
{
    [Fact]
    public async Task A_gateway_that_has_its_routes_is_ready_when_it_has_tried_its_checks()
    {
        var folder = Directory.CreateTempSubdirectory("backstop-gateway-");
        await using var server = await ModelServer.Start();
        var release = SmallFleet.Released("v7", server);
        new RouteFile(Path.Combine(folder.FullName, "routes.json")).Write(RouteTable.Empty.Apply([new(SmallFleet.Plain(release), [release])]).Table);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGateway(new() { DataDirectory = folder.FullName, WarmUp = TimeSpan.FromMilliseconds(1) });
        await using var gateway = builder.Build();
        var (readiness, warmUp) = (gateway.Services.GetRequiredService<Readiness>(), gateway.Services.GetRequiredService<WarmUp>());

        Assert.Equal("trying the checks", readiness.Hindrance);
        await warmUp.StartAsync(TestContext.Current.CancellationToken);
        await warmUp.ExecuteTask!;
        Assert.Null(readiness.Hindrance);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void In_the_made_up_texts_the_default_ring_finds_something_of_each_kind()
    {
        var session = Ring.Compile(GuardPolicy.Default).Open(RingContext.None);
        var found = MadeUpTexts.All
            .SelectMany(text => session.ScreenInput([ScanUnit.Input(text)]).Findings.Concat(session.ScreenOutput(ScanUnit.Output(text)).Findings))
            .Select(finding => finding.Check).ToHashSet(StringComparer.Ordinal);
        Assert.Superset(new HashSet<string>(["injection", "toxicity", "pii", "exfil_url"], StringComparer.Ordinal), found);
    }

    [Fact]
    public void Most_of_the_made_up_texts_are_ordinary()
    {
        var session = Ring.Compile(GuardPolicy.Default).Open(RingContext.None);
        Assert.True(MadeUpTexts.All.Count(text => session.ScreenOutput(ScanUnit.Output(text)).Findings.IsEmpty) * 2 > MadeUpTexts.All.Length);
    }
}
