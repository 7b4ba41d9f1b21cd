using System.Net;
using Backstop.Control.Hosting;

namespace Backstop.Control.Tests.Hosting;

public sealed class FreePortTests
{
    [Fact]
    public void No_port_is_given_twice_nor_one_that_was_promised()
    {
        // As many that chance would hit some of them, hardly ever none.
        int[] promised = [.. Enumerable.Range(20_000, 300)];
        Array.ForEach(promised, FreePort.Promise);
        int[] given = [.. Enumerable.Range(0, 500).Select(_ => FreePort.At(IPAddress.Loopback))];

        Assert.Distinct(given);
        Assert.Empty(given.Intersect(promised));
    }
}
