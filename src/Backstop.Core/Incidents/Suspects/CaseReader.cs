using System.Collections.Immutable;
using System.Text.Json;
using Backstop.Core.Text;

namespace Backstop.Core.Incidents.Suspects;

/// <summary>Reads a case from JSON: strict about what is written, liberal about what is not known.</summary>
/// <remarks>A signal or part that is not understood is noted and left out: half a case is worth more than none.</remarks>
public static class CaseReader
{
    // A share given without a number of observations: as good as a day of a busy service.
    private const double ManyObservations = 10_000;

    private static readonly string[] NotSuspects = [SignatureTable.Snake(SuspectKind.Unknown), SignatureTable.Snake(SuspectKind.None)];

    /// <exception cref="FormatException">The message says where and what to write instead.</exception>
    public static IncidentCase Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new() { AllowDuplicateProperties = false, CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return Read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new FormatException($"This is not JSON (line {e.LineNumber + 1}): {e.Message}", e);
        }
    }

    private static IncidentCase Read(JsonElement root)
    {
        var notes = new List<string>();
        var node = new CaseNode(root, "", notes);
        var id = node.Text("id") ?? "case";
        var assignment = node.Flag("assignment_holds") ?? true;
        var severe = node.Flag("severe") ?? false;
        var onset = Onset(node.Node("onset"));
        var (contrasts, signals) = (new List<ArmCounts>(), new List<Signal>());
        foreach (var contrast in node.Nodes("contrasts"))
        {
            Contrast(contrast, contrasts, signals);
        }

        signals.AddRange(node.Nodes("signals").Select(SignalReader.Read).OfType<Signal>());
        var changes = node.Nodes("changes").Select(change => Change(change, onset)).ToImmutableArray();
        var differs = Parts(node.Texts("release_differs"), "release_differs", notes);
        var truth = Truth(node.Node("truth"));
        node.Done("metadata", "$schema");
        return new()
        {
            Id = id,
            Onset = onset,
            Contrasts = [.. contrasts],
            AssignmentHolds = assignment,
            Signals = [.. signals],
            Changes = changes,
            ReleaseDiffers = differs,
            Severe = severe,
            Truth = truth,
            Notes = [.. notes],
        };
    }

    private static Onset? Onset(CaseNode? node)
    {
        if (node is null)
        {
            return null;
        }

        var onset = new Onset(node.Time("at"), node.Flag("slow"), node.Number("uncertainty_minutes", 0, 100_000) ?? 10);
        node.Done();
        return onset;
    }

    // Without a holdback it is an ordinary signal.
    private static void Contrast(CaseNode node, List<ArmCounts> contrasts, List<Signal> signals)
    {
        var given = node.Text("name") ?? throw new FormatException($"{node.Path} needs a 'name', such as judged or probes.");
        var (name, countsGood) = Vocabulary.Signal(given) ?? ("quality", false);
        var production = Counts(node, "production") ?? throw new FormatException($"{node.Path} needs 'production', such as {{\"n\": 360, \"hits\": 71}}.");
        var holdback = Counts(node, "holdback");
        var baseline = Counts(node, "baseline");
        var wobble = node.Number("wobble", 0, 0.5);
        node.Done();

        // A rate of the good is high when all is well. Whoever counts failures under such a name means failures.
        if (countsGood && (baseline ?? holdback ?? production).Share >= 0.5)
        {
            (production, holdback, baseline) = (Turned(production), holdback is null ? null : Turned(holdback), baseline is null ? null : Turned(baseline));
            node.Note($"contrast '{given}' was read as counting the good instead of the bad");
        }

        if (name == "quality" && given != "quality")
        {
            node.Note($"contrast '{given}' is not known by name and was read as a way of failing");
        }

        if (holdback is { N: > 0 } && production.N > 0)
        {
            contrasts.Add(new(name, production, holdback, baseline is { N: > 0 } ? baseline : null, wobble));
        }
        else if (baseline is { N: > 0 } && production.N > 0)
        {
            node.Note($"contrast '{given}' has no holdback and was read as before and after");
            signals.Add(new(name, new(baseline.N, baseline.Hits), new(production.N, production.Hits), GivenAs: given));
        }
        else
        {
            node.Note($"contrast '{given}' compares nothing and was ignored");
        }
    }

    private static Count Turned(Count count) => count with { Hits = count.N - count.Hits };

    private static Count? Counts(CaseNode parent, string key)
    {
        var (node, share) = parent.NodeOrNumber(key);
        if (node is null && share is null)
        {
            return null;
        }

        var (n, hits) = node is null
            ? (ManyObservations, Checked(share!.Value, $"{parent.Path}.{key}") * ManyObservations)
            : SignalReader.Counts(node) ?? throw new FormatException($"{node.Path} needs 'n' and 'hits', or 'n' and 'rate'.");
        node?.Done();
        return new(n, hits);
    }

    private static double Checked(double share, string where) =>
        share is >= 0 and <= 1 ? share : throw new FormatException($"{where} is a share from 0 to 1, not {share}.");

    private static Change Change(CaseNode node, Onset? onset)
    {
        var at = node.Time("at") ?? (node.Number("minutes_before_onset", -1e6, 1e6) is { } minutes && onset?.At is { } began ? began - TimeSpan.FromMinutes(minutes) : null);
        var notes = new List<string>();
        var change = new Change(at, Parts(node.Texts("parts"), node.Path, notes) ?? [], node.Text("what"));
        notes.ForEach(node.Note);
        node.Done("kind", "scope", "actor", "id", "link", "before", "after");
        return change;
    }

    private static ImmutableArray<string>? Parts(ImmutableArray<string>? given, string where, List<string> notes)
    {
        if (given is null)
        {
            return null;
        }

        foreach (var part in given.Value.Where(part => Vocabulary.Part(part) is null))
        {
            notes.Add($"{where}: the part '{part}' is not known and was ignored.{Suggestion.For(part, SignatureTable.Parts)}");
        }

        return [.. given.Value.Select(Vocabulary.Part).OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    private static CaseTruth? Truth(CaseNode? node)
    {
        if (node is null)
        {
            return null;
        }

        var suspects = node.Texts("suspects") ?? [];
        var kinds = suspects.Where(s => !NotSuspects.Contains(s, StringComparer.Ordinal)).Select(s =>
            Enum.TryParse<SuspectKind>(s, ignoreCase: true, out var kind)
                ? kind
                : throw new FormatException($"{node.Path}.suspects: '{s}' is not a suspect.{Suggestion.For(s, Enum.GetValues<SuspectKind>().Select(SignatureTable.Snake))}"));
        var truth = new CaseTruth([.. kinds], node.Flag("rollback_helps") ?? false, node.Text("family"));
        node.Done();
        return truth;
    }
}
