using Backstop.Core.Evidence;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Signals;

/// <summary>Requests that belong together are one draw of an arm.</summary>
public sealed class UnitTests
{
    [Fact]
    public async Task E36_ten_requests_of_one_user_count_once_and_ten_of_ten_users_ten_times()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Under("""{"sticky":{"by":"user"}}"""));
        var body = RunningGateway.Request("Hello?");
        foreach (var user in (string[])["one", .. Enumerable.Repeat("one", 9), .. Enumerable.Range(2, 9).Select(n => $"user-{n}")])
        {
            body["user"] = user;
            await fleet.Gateway.Post(body.ToJsonString());
        }

        Assert.Equal(10, (await Reported.Of(fleet, EvidenceGroup.Form, 10)).Length);
        Assert.Equal(19, fleet.Control.Batches.SelectMany(b => b.Started).Sum(s => s.Count));
    }
}
