using System.Collections.Concurrent;
using Backstop.Core.Guards;

namespace Backstop.Gateway.Inputs;

/// <summary>The names of features and indexes under which is counted. A name that holds personal data is not one to keep.</summary>
/// <remarks>They are the application's own words and few. What was looked at once is remembered, up to a bound.</remarks>
internal static class InputNames
{
    /// <summary>Stands for every name that holds personal data.</summary>
    public const string Personal = "personal";

    private const int MostRemembered = 1000;

    private static readonly Ring Pii = Ring.Compile(GuardPolicy.Parse(
        """{"name":"names","stages":{"output":{"checks":[{"use":"pii","action":"block"}]}}}"""));

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    /// <summary>The name to count under.</summary>
    public static string Of(string name)
    {
        if (Known.TryGetValue(name, out var known))
        {
            return known;
        }

        var ruling = Pii.Open(RingContext.None).ScreenOutput(ScanUnit.Output(name));
        var counted = ruling is { Stops: false, Findings.IsEmpty: true, Errors.IsEmpty: true } ? name : Personal;
        if (Known.Count < MostRemembered)
        {
            Known.TryAdd(name, counted);
        }

        return counted;
    }
}
