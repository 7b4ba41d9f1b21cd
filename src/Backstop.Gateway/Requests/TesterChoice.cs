using Backstop.Core.Routing;
using Backstop.Gateway.Routing;

namespace Backstop.Gateway.Requests;

/// <summary>A tester's own choice of release, where the alias allows it and his key does.</summary>
/// <param name="Wish">Name or digest of the release.</param>
/// <param name="MayChoose">Whether his key may look at releases.</param>
internal sealed record TesterChoice(string Wish, bool MayChoose)
{
    /// <summary>The header that tells it.</summary>
    public const string Header = "x-backstop-release";

    /// <summary>The arm of those who chose: no evidence, because nobody drew it.</summary>
    private const string Arm = "chosen";

    /// <summary>Replaces the assignment by the release that is wished for. Returns why not, or null.</summary>
    public ApiError? In(Route route, ServingTable table, ref Assignment assignment)
    {
        if (!route.Traffic.TestersChoose)
        {
            return ApiError.TestersOnly(route.Alias);
        }

        if (!MayChoose)
        {
            return ApiError.NoTester(route.Alias);
        }

        foreach (var digest in route.Releases())
        {
            if (digest == Wish || table.Pool(digest).Release.Name == Wish)
            {
                assignment = new(Core.Routing.Arm.Baseline, digest, Arm);
                return null;
            }
        }

        return ApiError.UnknownChoice(route.Alias, Wish);
    }
}
