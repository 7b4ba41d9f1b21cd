using System.Runtime.InteropServices;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>How a stretch stands amid the rest of its text: a request in a text that asks for nothing is out of place.</summary>
/// <remarks>
/// An instruction planted in a document is often a plain request, which nothing in it tells from what a user may ask. What tells
/// is the rest: a table, a letter, an article, that asks for nothing, and about other things. A user who shows a document and
/// asks about it uses its words, or points at it.
/// </remarks>
/// <param name="Length">In characters.</param>
/// <param name="Asking">Chance that it is a request, times its length.</param>
/// <param name="Words">Words that carry a meaning of their own.</param>
/// <param name="Shared">Those of them that the rest of the text has too.</param>
/// <param name="Pointing">Words that point at a text, such as "this" and "below".</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Standing(int Length, double Asking, int Words, int Shared, int Pointing)
{
    private const int ShortRest = 60;

    public static Standing operator +(Standing one, Standing other) => new(
        one.Length + other.Length, one.Asking + other.Asking, one.Words + other.Words, one.Shared + other.Shared, one.Pointing + other.Pointing);

    public static Standing operator -(Standing all, Standing part) => new(
        all.Length - part.Length, all.Asking - part.Asking, all.Words - part.Words, all.Shared - part.Shared, all.Pointing - part.Pointing);

    /// <summary>Hands the sink what the model of places looks at: four features, one of each kind.</summary>
    /// <param name="all">The whole text.</param>
    /// <param name="first">Whether the stretch begins the text.</param>
    /// <param name="last">Whether the stretch ends the text.</param>
    public void Describe<TSink>(in Standing all, bool first, bool last, ref TSink sink)
        where TSink : struct, IFeatureSink
    {
        var rest = all - this;
        var asking = Step(Asking / Math.Max(Length, 1), 0.05, 0.15, 0.35, 0.65, 0.85, 0.95);
        var around = rest.Length < ShortRest ? 0u : 1 + Step(rest.Asking / rest.Length, 0.08, 0.2, 0.4, 0.6);
        var size = Step(rest.Length, ShortRest, 250, 1000, 4000);
        var about = Pointing > 0 ? 3u : Words == 0 ? 0u : Shared > 0 ? 2u : 1u;
        var place = first ? 1u : last ? 2u : 0u;
        sink.Add(FeatureFamily.Word, Code(1, asking, around));
        sink.Add(FeatureFamily.Letters, Code(2 + about, asking, around));
        sink.Add(FeatureFamily.Pattern, Code(6 + place, asking, around));
        sink.Add(FeatureFamily.Pattern, Code(9 + size, asking, around > 1 ? 1u : 0u));
    }

    private static uint Code(uint kind, uint asking, uint around) => Features.Mix((kind << 16) | (asking << 8) | around);

    private static uint Step(double value, params ReadOnlySpan<double> bounds)
    {
        var step = 0u;
        foreach (var bound in bounds)
        {
            step += value >= bound ? 1u : 0u;
        }

        return step;
    }
}
