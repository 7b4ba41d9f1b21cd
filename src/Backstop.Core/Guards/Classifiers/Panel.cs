using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>Up to four models that judge the same features, their weights side by side: one look finds what a feature says to each.</summary>
internal sealed class Panel
{
    private const int Lanes = 4;

    // For each family a number for each place, of one byte for each model.
    private readonly uint[][] _weights;

    /// <exception cref="ArgumentException">The tables of the models differ in size, so that a feature has not the same place in all.</exception>
    public Panel(params LinearModel[] models) =>
        _weights = [.. Enumerable.Range(0, LinearModel.Families).Select(family => SideBySide([.. models.Select(model => model.WeightsOf(family))]))];

    /// <summary>Starts the sums for one text.</summary>
    public Sum Begin() => new(this);

    /// <summary>The four bytes of a number as lanes, signs kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Unpack(uint weights) => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(weights).AsSByte()));

    /// <summary>Lanes of a byte each as one number.</summary>
    public static uint Pack(Vector128<int> weights)
    {
        var words = Vector128.Narrow(weights, Vector128<int>.Zero);
        return Vector128.Narrow(words, Vector128<short>.Zero).AsUInt32().ToScalar();
    }

    private static uint[] SideBySide(sbyte[][] tables)
    {
        if (tables.Length > Lanes || tables.Any(table => table.Length != tables[0].Length))
        {
            throw new ArgumentException($"A panel has at most {Lanes} models, with tables of one size.", nameof(tables));
        }

        var all = new uint[tables[0].Length];
        for (var model = 0; model < tables.Length; model++)
        {
            for (var place = 0; place < all.Length; place++)
            {
                all[place] |= (uint)(byte)tables[model][place] << (8 * model);
            }
        }

        return all;
    }

    /// <summary>The sums of one text, a lane for each model.</summary>
    [StructLayout(LayoutKind.Auto)]
    public struct Sum : IWeightSum
    {
        private readonly Panel _panel;
        private Totals _totals;
        private Counts _counts;

        internal Sum(Panel panel) => _panel = panel;

        // Inlined where the family is known.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Add(FeatureFamily family, uint hash)
        {
            var table = _panel._weights[(int)family];
            _totals[(int)family] += Unpack(table[Features.PlaceOf(hash, table.Length)]);
            _counts[(int)family]++;
        }

        public void Add(ReadOnlySpan<KnownWord> words, uint previous)
        {
            var table = _panel._weights[(int)FeatureFamily.Word];
            var (own, letters, letterCount) = (Vector128<int>.Zero, Vector128<int>.Zero, 0);
            foreach (ref readonly var word in words)
            {
                own += word.Weights + Unpack(table[Features.PlaceOf(ConstructionFeatures.PairOf(previous, word.Hash), table.Length)]);
                letters += word.Letters;
                letterCount += word.LetterCount;
                previous = word.Hash;
            }

            _totals[(int)FeatureFamily.Word] += own;
            _counts[(int)FeatureFamily.Word] += 2 * words.Length;
            _totals[(int)FeatureFamily.Letters] += letters;
            _counts[(int)FeatureFamily.Letters] += letterCount;
        }

        public void Add(ReadOnlySpan<uint> patterns)
        {
            var (table, sum) = (_panel._weights[(int)FeatureFamily.Pattern], Vector128<int>.Zero);
            foreach (var hash in patterns)
            {
                sum += Unpack(table[Features.PlaceOf(hash, table.Length)]);
            }

            _totals[(int)FeatureFamily.Pattern] += sum;
            _counts[(int)FeatureFamily.Pattern] += patterns.Length;
        }

        public readonly Vector128<int> TotalsOf(FeatureFamily family) => _totals[(int)family];

        public readonly int CountOf(FeatureFamily family) => _counts[(int)family];

        /// <summary>What was added up for one of the models.</summary>
        public readonly Tally TallyOf(int model)
        {
            var lanes = MemoryMarshal.Cast<Vector128<int>, int>(_totals);
            return new(Vector128.Create(lanes[model], lanes[Lanes + model], lanes[(2 * Lanes) + model], 0), Vector128.Create(_counts[0], _counts[1], _counts[2], 0));
        }
    }

    [InlineArray(LinearModel.Families)]
    private struct Totals
    {
        private Vector128<int> _first;
    }

    [InlineArray(LinearModel.Families)]
    private struct Counts
    {
        private int _first;
    }
}
