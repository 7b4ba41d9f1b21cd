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
        where TSink : struct, IFeatureSink => PlaceIn(all, first, last).Describe(ref sink);

    /// <summary>The same in steps, of which there are few: what a model says about each can be known beforehand.</summary>
    internal Place PlaceIn(in Standing all, bool first, bool last)
    {
        var rest = all - this;
        var (asking, around) = (Asking / Math.Max(Length, 1), rest.Asking / rest.Length);
        return new(
            Step(asking >= 0.05, asking >= 0.15, asking >= 0.35, asking >= 0.65) + Step(asking >= 0.85, asking >= 0.95),
            rest.Length < ShortRest ? 0 : 1 + Step(around >= 0.08, around >= 0.2, around >= 0.4, around >= 0.6),
            Step(rest.Length >= ShortRest, rest.Length >= 250, rest.Length >= 1000, rest.Length >= 4000),
            Pointing > 0 ? 3 : Words == 0 ? 0 : Shared > 0 ? 2 : 1,
            first ? 1 : last ? 2 : 0);
    }

    private static int Step(bool first, bool second, bool third = false, bool fourth = false) =>
        (first ? 1 : 0) + (second ? 1 : 0) + (third ? 1 : 0) + (fourth ? 1 : 0);

    /// <param name="Asking">How much of the stretch is a request, 0 to 6.</param>
    /// <param name="Around">How much of the rest is, 1 to 5; 0 where there is next to no rest.</param>
    /// <param name="Size">Of the rest, 0 to 4.</param>
    /// <param name="About">Whether it points at a text (3), shares words with the rest (2) or none (1), or has none (0).</param>
    /// <param name="End">Whether it begins the text (1), ends it (2) or neither (0).</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Place(int Asking, int Around, int Size, int About, int End)
    {
        private const int Askings = 7;
        private const int Arounds = 6;
        private const int Sizes = 5;
        private const int Abouts = 4;
        private const int Ends = 3;

        /// <summary>How many there are.</summary>
        public const int Count = Askings * Arounds * Sizes * Abouts * Ends;

        /// <summary>Its number, from 0.</summary>
        public int Number => (((((((Asking * Arounds) + Around) * Sizes) + Size) * Abouts) + About) * Ends) + End;

        public static Place Of(int number) =>
            new(number / (Ends * Abouts * Sizes * Arounds), number / (Ends * Abouts * Sizes) % Arounds, number / (Ends * Abouts) % Sizes, number / Ends % Abouts, number % Ends);

        public void Describe<TSink>(ref TSink sink)
            where TSink : struct, IFeatureSink
        {
            sink.Add(FeatureFamily.Word, Code(1, Around));
            sink.Add(FeatureFamily.Letters, Code(2 + About, Around));
            sink.Add(FeatureFamily.Pattern, Code(6 + End, Around));
            sink.Add(FeatureFamily.Pattern, Code(9 + Size, Around > 1 ? 1 : 0));
        }

        private uint Code(int kind, int around) => Features.Mix(((uint)kind << 16) | ((uint)Asking << 8) | (uint)around);
    }
}
