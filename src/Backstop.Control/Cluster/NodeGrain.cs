using Backstop.Protocol;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Backstop.Control.Cluster;

/// <summary>One control plane, as the others speak to it; the key is its silo's address.</summary>
/// <remarks>Arguments are bytes, so that another one can read them whatever version it runs.</remarks>
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>Takes in what another one tells.</summary>
    /// <param name="from">Its silo's address.</param>
    /// <param name="news">A <c>PeerNews</c> message.</param>
    Task Hear(string from, byte[] news);
}

/// <summary>Lives in the control plane that it stands for, and nowhere else.</summary>
[OnItsNode]
internal sealed class NodeGrain(Fleet.FleetHub hub) : Grain, INodeGrain
{
    public Task Hear(string from, byte[] news)
    {
        hub.Hear(from, PeerNews.Parser.ParseFrom(news));
        return Task.CompletedTask;
    }
}

/// <summary>Puts a grain where its key says.</summary>
[GenerateSerializer, Immutable, SuppressReferenceTracking]
public sealed class NodePlacement : PlacementStrategy;

[AttributeUsage(AttributeTargets.Class)]
internal sealed class OnItsNodeAttribute() : PlacementAttribute(new NodePlacement());

internal sealed class NodePlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var node = SiloAddress.FromParsableString(target.GrainIdentity.Key.ToString()!);
        return context.GetCompatibleSilos(target).Contains(node)
            ? Task.FromResult(node)
            : throw new OrleansException($"The control plane {node} is not there any more.");
    }
}
