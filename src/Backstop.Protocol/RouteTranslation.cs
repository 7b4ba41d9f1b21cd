using Core = Backstop.Core;

namespace Backstop.Protocol;

/// <summary>Between the core's routes and releases and their messages.</summary>
public static class RouteTranslation
{
    /// <summary>The message for a route.</summary>
    public static Route ToMessage(this Core.Routing.Route route) => new()
    {
        Alias = route.Alias,
        Epoch = route.Epoch,
        Generation = route.Generation,
        Current = route.Current,
        Candidate = route.Candidate ?? "",
        CandidateBasisPoints = route.CandidateBasisPoints,
        Previous = route.Previous ?? "",
        HoldbackBasisPoints = route.HoldbackBasisPoints,
        Salt = route.Salt,
        CandidateLeaseMs = (long)route.CandidateLease.TotalMilliseconds,
        LabelDeadlineMs = (long)route.LabelDeadline.TotalMilliseconds,
        CaptureSamples = route.CaptureSamples,
        Traffic = route.Traffic.Json,
        ShadowBasisPoints = route.ShadowBasisPoints,
    };

    /// <summary>The route of a message.</summary>
    /// <exception cref="Core.Routing.TrafficPolicyException">Its traffic policy cannot be used here.</exception>
    public static Core.Routing.Route ToRoute(this Route message) => new()
    {
        Alias = message.Alias,
        Epoch = message.Epoch,
        Generation = message.Generation,
        Current = message.Current,
        Candidate = NullIfEmpty(message.Candidate),
        CandidateBasisPoints = message.CandidateBasisPoints,
        Previous = NullIfEmpty(message.Previous),
        HoldbackBasisPoints = message.HoldbackBasisPoints,
        Salt = message.Salt,
        CandidateLease = TimeSpan.FromMilliseconds(message.CandidateLeaseMs),
        LabelDeadline = TimeSpan.FromMilliseconds(message.LabelDeadlineMs),
        CaptureSamples = message.CaptureSamples,
        ShadowBasisPoints = message.ShadowBasisPoints,
        Traffic = message.Traffic.Length == 0 ? Core.Routing.TrafficPolicy.Default : Core.Routing.TrafficPolicy.Parse(message.Traffic),
    };

    /// <summary>The message for a release.</summary>
    public static Release ToMessage(this Core.Registry.Release release) =>
        new() { Name = release.Name, Manifest = release.Manifest };

    /// <summary>The release of a message. Its digest is computed here, from the content, and not believed.</summary>
    public static Core.Registry.ReleaseResult ToRelease(this Release message) =>
        Core.Registry.Release.Parse(message.Name, message.Manifest);

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
