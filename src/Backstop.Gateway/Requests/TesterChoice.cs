using Backstop.Core.Routing;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>A tester's own choice of release, in the header <c>x-backstop-release</c>, where the alias allows it.</summary>
internal static class TesterChoice
{
    /// <summary>The arm of those who chose: no evidence, because nobody drew it.</summary>
    private const string Arm = "chosen";

    /// <summary>Replaces the assignment by the release of this name or digest. Returns why not, or null.</summary>
    public static ApiError? Of(Route route, ServingTable table, string wish, ref Assignment assignment)
    {
        if (!route.Traffic.TestersChoose)
        {
            return ApiError.TestersOnly(route.Alias);
        }

        foreach (var digest in route.Releases())
        {
            if (digest == wish || table.Pool(digest).Release.Name == wish)
            {
                assignment = new(Core.Routing.Arm.Baseline, digest, Arm);
                return null;
            }
        }

        return ApiError.UnknownChoice(route.Alias, wish);
    }
}
