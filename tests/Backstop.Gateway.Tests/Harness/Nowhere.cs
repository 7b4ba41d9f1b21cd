using Backstop.Core.Registry;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Gateway.Tests.Harness;

/// <summary>A replica at an address where nobody listens, and guards nobody watches.</summary>
internal static class Nowhere
{
    /// <summary>Guards whose measurements nobody takes.</summary>
    public static OutsideGuards Guards { get; } = new(
        new GuardTelemetry(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()),
        TimeProvider.System,
        new ModelShelf([], _ => throw new FileNotFoundException("There are no models here."), () => throw new FileNotFoundException("Nothing runs models here.")));

    public static Replica Replica => ReplicaAt(TimeProvider.System);

    public static Replica ReplicaAt(TimeProvider time)
    {
        var address = new Uri("http://127.0.0.1:1");
        return new(new Serving("openai", "tiny", [address]), address, time);
    }
}
