using Backstop.Core.Text;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Reads one signal of a case, in any of the forms in which monitoring systems have it.</summary>
internal static class SignalReader
{
    // What a yes or no of somebody's detector is worth: it sees 80 % of what moves and rings on 2 % of what does not.
    internal static readonly double Rang = Math.Log(0.80 / 0.02);
    private static readonly double Silent = Math.Log(0.20 / 0.98);

    /// <summary>The signal, or null (with a note) when its name says nothing to us.</summary>
    public static Signal? Read(CaseNode node)
    {
        var given = node.Text("name") ?? throw new FormatException($"{node.Path} needs a 'name'.");
        var kind = node.Text("kind");
        var meaning = Vocabulary.Signal(given) ?? (kind is null ? null : Vocabulary.Signal(kind));
        var (before, after) = (Reading(node, "before"), Reading(node, "after"));

        // For a slice the comparison is with the rest of the same hour.
        before ??= Reading(node, "rest");
        after ??= Reading(node, "slice");
        var stated = Stated(node, meaning is (var known, var good) ? SignatureTable.WayOf(known) * (good ? -1 : 1) : 0);
        var what = node.Text("what");
        node.Done("unit", "arm", "direction");
        if (meaning is not var (name, countsGood))
        {
            var suggestion = Suggestion.For(given, SignatureTable.Signals);
            node.Note($"signal '{given}' is not known and was ignored; a 'kind' ({string.Join(", ", SignatureTable.Groups)}) would say how to read it.{suggestion}");
            return null;
        }

        // As in a contrast: what is rare when all is well is no rate of the good.
        var turns = countsGood && !(before is { Hits: { } usual, N: > 0 } && usual / before.N < 0.5);
        if (name != given)
        {
            node.Note($"signal '{given}' was read as {name}{(turns ? ", counting the good instead of the bad" : "")}");
        }

        if (stated is null && (before is null || after is null))
        {
            throw new FormatException($"{node.Path} ('{given}') needs 'before' and 'after', or one of 'moved', 'z', 'e_value', 'log_bayes_factor'.");
        }

        if (stated is null && (before!.N == 0 || after!.N == 0))
        {
            node.Note($"signal '{given}' has no observations {(before!.N == 0 ? "before" : "after")} and was ignored");
            return null;
        }

        if (stated is null && before!.Hits.HasValue != after!.Hits.HasValue)
        {
            throw new FormatException($"{node.Path} ('{given}'): both readings are counts, or both are means.");
        }

        return new(name, Turned(before, turns), Turned(after, turns), what, stated, name == given ? null : given);
    }

    /// <summary>Counts as <c>n</c> and <c>hits</c>, or as <c>n</c> and <c>rate</c>; null when the node holds neither.</summary>
    public static (double N, double Hits)? Counts(CaseNode node)
    {
        var n = node.Number("n", 0, double.MaxValue);
        var hits = node.Number("hits", 0, double.MaxValue);
        var rate = node.Number("rate", 0, 1);
        if (n is null || (hits is null && rate is null && n > 0))
        {
            return null;
        }

        var counted = hits ?? ((rate ?? 0) * n.Value);
        return counted <= n ? (n.Value, counted) : throw new FormatException($"{node.Path}: 'hits' is from 0 to 'n'; it is {counted} of {n}.");
    }

    private static Reading? Reading(CaseNode parent, string key)
    {
        if (parent.Node(key) is not { } node)
        {
            return null;
        }

        var (mean, deviation) = (node.Number("mean", -double.MaxValue, double.MaxValue), node.Number("deviation", 0, double.MaxValue));
        var counts = Counts(node);
        var n = node.Number("n", 0, double.MaxValue);
        node.Done();
        return (counts, mean, deviation, n) switch
        {
            (_, { } m, { } d, { } observations) => new(observations, null, m, d),
            ({ } c, null, null, _) => new(c.N, c.Hits),
            _ => throw new FormatException($"{node.Path} needs 'n' with 'hits', 'n' with 'rate', or 'n' with 'mean' and 'deviation'."),
        };
    }

    private static double? Stated(CaseNode node, int way)
    {
        var (log, e, z, moved) = (
            node.Number("log_bayes_factor", -1e6, 1e6), node.Number("e_value", 0, double.MaxValue), node.Number("z", -1e6, 1e6), node.Flag("moved"));
        return (log, e, z, moved) switch
        {
            ({ } given, _, _, _) => given,
            (_, { } wealth, _, _) => Math.Log(Math.Max(wealth, 1e-3)),
            (_, _, { } deviations, _) => SignalChange.OfDeviations(deviations, way),
            (_, _, _, { } yes) => yes ? Rang : Silent,
            _ => null,
        };
    }

    private static Reading? Turned(Reading? reading, bool turns) => reading switch
    {
        { Hits: { } hits } when turns => reading with { Hits = reading.N - hits },
        { Mean: { } mean } when turns => reading with { Mean = -mean },
        _ => reading,
    };
}
