using Backstop.Core.Registry;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>A replica at an address where nobody listens.</summary>
internal static class Nowhere
{
    public static Replica Replica => ReplicaAt(TimeProvider.System);

    public static Replica ReplicaAt(TimeProvider time)
    {
        var address = new Uri("http://127.0.0.1:1");
        return new(new Serving("openai", "tiny", [address]), address, time);
    }
}
