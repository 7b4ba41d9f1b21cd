using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Core.Text;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>What is known before a case is looked at: how often each cause is at work, whom it reaches, and which signals it moves.</summary>
/// <remarks>All of it is <c>signatures.json</c>, compiled into the assembly, with the argument beside each cause.</remarks>
public static class SignatureTable
{
    // A sensor that is known by its group only: it may be any of the group's, or one that we would not have thought of.
    private const double GroupShare = 0.65;

    /// <summary>Every cause.</summary>
    public static readonly ImmutableArray<Cause> All = [.. Enum.GetValues<Cause>()];

    private static readonly JsonSerializerOptions Form = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        ReadCommentHandling = JsonCommentHandling.Skip,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private static readonly Table Known = JsonSerializer.Deserialize<Table>(EmbeddedText.Read("signatures.json"), Form)!;
    private static readonly FrozenDictionary<string, double[]> Rows = MakeRows();
    private static readonly CauseRow[] Causes = [.. All.Select(cause => Known.Causes[Snake(cause)])];

    /// <summary>Which edition of the table this is.</summary>
    public static string Version => Known.Version;

    /// <summary>Probability that a signal moves although the cause does not touch it, where the table says no other.</summary>
    public static double ByChance => Known.ByChance / 100;

    /// <summary>The signals it knows by name.</summary>
    public static IEnumerable<string> Signals => Known.Signals.Keys;

    /// <summary>The groups of signals. A group's name stands for a sensor of that group which has no name here.</summary>
    public static IEnumerable<string> Groups => Known.Signals.Values.Select(s => s.Group).Distinct(StringComparer.Ordinal);

    /// <summary>What a ledger may say was changed.</summary>
    public static IEnumerable<string> Parts => Known.Parts.Keys;

    /// <summary>The parts that a release carries.</summary>
    public static IEnumerable<string> ReleaseParts => Known.Parts.Where(p => p.Value.Release).Select(p => p.Key);

    /// <summary>Whether it is a signal or a group of signals.</summary>
    public static bool Knows(string signal) => Rows.ContainsKey(signal);

    /// <summary>The group of a signal; a group is its own.</summary>
    public static string GroupOf(string signal) => Known.Signals.TryGetValue(signal, out var row) ? row.Group : signal;

    /// <summary>1 when the signal must rise to count, −1 when it must fall, 0 when either way counts.</summary>
    public static int WayOf(string signal) =>
        Known.Signals.TryGetValue(signal, out var row) ? row.Way switch { "+" => 1, "-" => -1, _ => 0 } : 0;

    /// <summary>Whether its days differ by a share of its mean, as times and ages do.</summary>
    public static bool IsRatio(string signal) => Known.Signals.TryGetValue(signal, out var row) && row.Ratio;

    /// <summary>Whether both readings are of the same hour.</summary>
    public static bool IsSameTime(string signal) => Known.Signals.TryGetValue(signal, out var row) && row.SameTime;

    /// <summary>Probability that it moves, for every cause in the order of <see cref="All"/>.</summary>
    internal static ReadOnlySpan<double> Row(string signal) => Rows[signal];

    /// <summary>Probability, above 0 and below 1, that the signal moves when the cause is at work.</summary>
    public static double Moves(string signal, Cause cause) => Rows[signal][(int)cause];

    /// <summary>How often this is the cause, relative to the others.</summary>
    public static double BaseRate(Cause cause) => Causes[(int)cause].BaseRate;

    /// <summary>Probability that the cause creeps in instead of coming at once.</summary>
    public static double Slow(Cause cause) => Causes[(int)cause].Slow / 100;

    public static SuspectKind KindOf(Cause cause) => Causes[(int)cause].Kind;

    public static Reach ReachOf(Cause cause) => Causes[(int)cause].Reach;

    /// <summary>Whom a change of this part puts under suspicion.</summary>
    public static ImmutableArray<Cause> SuspectsOf(string part) => Known.Parts[part].Causes;

    /// <summary>Other people's names for a signal or a part, as words that must all occur.</summary>
    internal static IEnumerable<(string Name, string Words)> SignalWords => Known.Signals.SelectMany(s => s.Value.Also.Append(s.Key).Select(words => (s.Key, words)));

    /// <inheritdoc cref="SignalWords"/>
    internal static IEnumerable<(string Name, string Words)> PartWords => Known.Parts.SelectMany(p => p.Value.Also.Append(p.Key).Select(words => (p.Key, words)));

    /// <summary>A cause as the table, the format of cases and the reports write it.</summary>
    public static string Snake<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static FrozenDictionary<string, double[]> MakeRows()
    {
        var rows = Known.Signals.Keys.ToDictionary(
            signal => signal,
            signal => All.Select(cause => Known.Causes[Snake(cause)].Moves.TryGetValue(signal, out var percent) ? percent / 100 : Known.Signals[signal].Chance is { } chance ? chance / 100 : ByChance).ToArray(),
            StringComparer.Ordinal);
        foreach (var group in Known.Signals.GroupBy(s => s.Value.Group, StringComparer.Ordinal))
        {
            var members = group.Select(s => rows[s.Key]).ToList();
            rows[group.Key] = [.. All.Select(cause => Math.Max(ByChance, GroupShare * members.Max(row => row[(int)cause])))];
        }

        return rows.ToFrozenDictionary(StringComparer.Ordinal);
    }


    private sealed record Table(
        string Version, double ByChance, Dictionary<string, SignalRow> Signals, Dictionary<string, CauseRow> Causes, Dictionary<string, PartRow> Parts);

    private sealed record SignalRow(string Way, string Group, ImmutableArray<string> Also, bool Ratio = false, bool SameTime = false, double? Chance = null);

    private sealed record CauseRow(SuspectKind Kind, Reach Reach, double BaseRate, double Slow, Dictionary<string, double> Moves);

    private sealed record PartRow(ImmutableArray<Cause> Causes, ImmutableArray<string> Also, bool Release = false);
}
