using Backstop.Emulation;

namespace Backstop.Demo;

/// <summary>What the model servers said, beside what users received: the two sides of the ring, joined by request.</summary>
/// <param name="Emitted">Every answer of a model server to a user's request, with the release that gave it.</param>
/// <param name="Receipts">Every answer a user received.</param>
internal sealed record Ledger(ILookup<string, (string Release, TruthLine Answer)> Emitted, IReadOnlyDictionary<string, Receipt> Receipts)
{
    public static Ledger Join(IEnumerable<GroundTruth> truths, IEnumerable<Receipt> receipts) => new(
        truths.SelectMany(t => t.Read().Select(a => (t.Pool.Release, Answer: a)).ToArray()).ToLookup(e => e.Answer.RequestId, StringComparer.Ordinal),
        receipts.ToDictionary(r => r.RequestId, StringComparer.Ordinal));

    private IEnumerable<(string Release, TruthLine Answer)> All => Emitted.SelectMany(e => e);

    public int Toxic => All.Count(e => e.Answer.Toxic);

    public int Malformed => All.Count(e => e.Answer is { SchemaBroken: true, Toxic: false });

    public int ToxicDelivered => All.Count(e => e.Answer.Toxic && WasDelivered(e.Answer));

    public int MalformedDelivered => All.Count(e => e.Answer is { SchemaBroken: true, Toxic: false } && WasDelivered(e.Answer));

    /// <summary>Harmless questions whose answers were all harmless and well formed, and that got none of them.</summary>
    public int FalseBlocks => Receipts.Values.Count(r =>
        r is { Status: 200 or 400, Attack: false }
        && !Emitted[r.RequestId].Any(e => e.Answer.Toxic || e.Answer.SchemaBroken)
        && (r.Filtered || Emitted[r.RequestId].Count() > 1));

    /// <summary>Requests that users sent after a moment and that a release answered all the same.</summary>
    /// <remarks>By when the user sent it: what was already on its way to the model server then is allowed to arrive.</remarks>
    public int SentAfter(DateTimeOffset moment, string release) =>
        Receipts.Values.Count(r => r.SentAt > moment && Emitted[r.RequestId].Any(e => e.Release == release));

    /// <summary>Quality of the requests that were asked of a release first, or of those that never met it.</summary>
    public Quality QualityOf(string release, bool met)
    {
        var checkable = Emitted.Where(e => e.Any(x => x.Release == release) == met)
            .Select(e => (First: e.MinBy(x => x.Answer.Time).Answer, Receipt: Receipts.GetValueOrDefault(e.Key)))
            .Where(e => e.Receipt is { Attack: false })
            .ToArray();
        return checkable.Length == 0 ? new(0, null, null) : new(
            checkable.Length,
            Share(checkable.Count(e => e.First is { Correct: true, Toxic: false, SchemaBroken: false }), checkable.Length),
            Share(checkable.Count(e => e.Receipt!.Correct == true), checkable.Length));
    }

    private static double Share(int part, int whole) => Math.Round((double)part / whole, 4);

    /// <summary>Whether the user got this very text; an answer that was replaced or redacted is another one.</summary>
    private bool WasDelivered(TruthLine answer) =>
        Receipts.TryGetValue(answer.RequestId, out var receipt) && receipt.Status == 200 && receipt.Text.Trim() == answer.Content.Trim();
}
