using System.Collections.Immutable;

namespace Backstop.Core.Evidence;

/// <summary>One stage of a joint table: a constant share, and the control's historic rates in each stratum.</summary>
/// <param name="TestedShare">Probability with which a request was drawn for the tested arm, above 0 and below 1.</param>
/// <param name="Rates">By stratum: historic rate of each bad category. They shape the grid; validity never depends on them.</param>
public sealed record TableStage(double TestedShare, ImmutableArray<ImmutableArray<double>> Rates);

/// <summary>What a joint table is built from.</summary>
public sealed record TableDesign
{
    /// <summary>The stages; all with the same number of strata and bad categories.</summary>
    public required ImmutableArray<TableStage> Stages { get; init; }

    /// <summary>By bad category: how much more frequent it may be in the tested arm.</summary>
    public required ImmutableArray<double> Margins { get; init; }

    /// <summary>
    /// By bad category, a bit for each flag it shows, where the categories are all combinations of flags. It is the flags then
    /// that rise, each by its odds, whatever others they meet. A default array when every category rises by itself.
    /// </summary>
    public ImmutableArray<int> Flags { get; init; }

    /// <summary>By bad category or flag: its multipliers, or a default array for <see cref="TiltGrid.DefaultLevels"/> of its rate.</summary>
    /// <remarks>An empty list carries it without ever tilting it.</remarks>
    public ImmutableArray<ImmutableArray<double>> Levels { get; init; }

    /// <summary>By bad category or flag: whether it only ever rises alone.</summary>
    public ImmutableArray<bool> Solo { get; init; }

    /// <summary>How much more frequent all bad categories together may be, or null for no such limit.</summary>
    public double? TotalMargin { get; init; }

    /// <summary>Prior probability that a category is unchanged.</summary>
    public double Spike { get; init; } = 0.5;
}

/// <summary>Decides, at any time and as often as wanted, whether the tested arm fails more often than its control.</summary>
/// <remarks>
/// <para>
/// Null: at every time, given the past, each bad category's rate in the tested arm is at most its rate in the control plus
/// the margin. The control's rates may be anything and may move in any way: only the random draw of the arms is used, so
/// outages, attack waves and ramps that hit both arms cannot fire it. Under the null log E reaches log(1/alpha), ever, with
/// probability at most alpha (Ville).
/// </para>
/// <para>
/// Each component is a likelihood ratio against the arms' mixture, f on the tested arm and g on the control with
/// x·f + (1-x)·g = 1, divided by the most it can gain on the null (the toll). With margins 0 it is growth-rate optimal for
/// its alternative. A total margin lets a release trade one failure for another, so the toll keeps the cheapest trade.
/// </para>
/// <para>
/// Limits: it needs the true share x (<see cref="AssignmentTest"/> and <see cref="OddsRatioTest"/> watch that), and requests
/// whose arms were drawn independently.
/// </para>
/// </remarks>
public sealed class JointTable
{
    private const int Control = 0;
    private const int Tested = 1;
    private readonly TableDesign _design;
    private readonly IncrementTable _table;

    /// <summary>Builds a table, and refuses to if any component could gain on the null.</summary>
    public JointTable(TableDesign design)
    {
        _design = design;
        BadCategories = design.Margins.Length;
        Strata = design.Stages[0].Rates.Length;
        var grid = TiltGrid.Create(
            [.. Enumerable.Range(0, Tilts).Select(t => LevelsOf(0, 0, t).Length)], design.Spike, design.Solo);
        Grid = grid;
        var rows = design.Stages.Length * Strata;
        var increments = new double[rows * 2 * (BadCategories + 1)][];
        for (var row = 0; row < rows; row++)
        {
            Fill(increments, row, grid);
        }

        _table = new(grid.Weights, increments.Length, (cell, j) => increments[cell][j]);
        if (MaxNullExpectation() > 1 + 1e-12)
        {
            throw new ArgumentException("A component of this table could gain on the null: check rates, levels and margins.", nameof(design));
        }
    }

    /// <summary>How many bad categories there are; the good one comes after them.</summary>
    public int BadCategories { get; }

    /// <summary>How many strata each stage has.</summary>
    public int Strata { get; }

    /// <summary>The alternatives.</summary>
    public TiltGrid Grid { get; }

    /// <summary>The increments of every cell.</summary>
    public IncrementTable Increments => _table;

    /// <summary>How many counts <see cref="LogE"/> takes.</summary>
    public int Cells => _table.Cells;

    /// <summary>The evidence in nats.</summary>
    /// <param name="counts">By stage, stratum, arm (control, tested), category (bad ones, then good).</param>
    public double LogE(ReadOnlySpan<long> counts) => _table.LogE(counts);

    /// <summary>Where a count belongs.</summary>
    public int CellOf(int stage, int stratum, bool tested, int category) =>
        (((((stage * Strata) + stratum) * 2) + (tested ? Tested : Control)) * (BadCategories + 1)) + category;

    /// <summary>The increment of one component for one request, in nats.</summary>
    public double Increment(int stage, int stratum, bool tested, int category, int component) =>
        _table.Increments(CellOf(stage, stratum, tested, category))[component];

    /// <summary>The most that one request can multiply any component's evidence by, on average, on the null.</summary>
    /// <remarks>
    /// It bounds the linear program "maximise E[e] over the null" from above: any base category, and differences from -1 to
    /// the margin that keep the total margin. It is computed from the finished increments, not from the tolls.
    /// </remarks>
    public double MaxNullExpectation()
    {
        var most = 0.0;
        var gains = new double[BadCategories];
        for (var stage = 0; stage < _design.Stages.Length; stage++)
        {
            var x = _design.Stages[stage].TestedShare;
            for (var stratum = 0; stratum < Strata; stratum++)
            {
                for (var j = 0; j < _table.Components; j++)
                {
                    var whole = 0.0;
                    var good = x * Math.Exp(Increment(stage, stratum, true, BadCategories, j));
                    for (var y = 0; y <= BadCategories; y++)
                    {
                        var f = x * Math.Exp(Increment(stage, stratum, true, y, j));
                        var g = (1 - x) * Math.Exp(Increment(stage, stratum, false, y, j));
                        whole = Math.Max(whole, f + g);
                        if (y < BadCategories)
                        {
                            gains[y] = f - good;
                        }
                    }

                    most = Math.Max(most, whole + MostGain(gains));
                }
            }
        }

        return most;
    }

    /// <summary>The most that differences of rates within the null can gain: each at its margin, less the cheapest trade.</summary>
    private double MostGain(double[] gains)
    {
        var total = 0.0;
        var over = -(_design.TotalMargin ?? double.PositiveInfinity);
        for (var y = 0; y < gains.Length; y++)
        {
            // Where a rise would lose, the worst the null can do is to let the category vanish.
            var rise = gains[y] >= 0 ? _design.Margins[y] : -1;
            total += rise * gains[y];
            over += rise;
        }

        return over > 0 ? total - (over * Math.Max(0, gains.Min())) : total;
    }

    // What rises: categories, or flags.
    private int Tilts => _design.Flags.IsDefault ? BadCategories : int.Log2(_design.Flags.Max()) + 1;

    private bool Shows(int category, int tilt) => _design.Flags.IsDefault ? category == tilt : (_design.Flags[category] >> tilt & 1) == 1;

    private double RateOf(IReadOnlyList<double> rates, int tilt) =>
        Enumerable.Range(0, BadCategories).Where(y => Shows(y, tilt)).Sum(y => rates[y]);

    private ImmutableArray<double> LevelsOf(int stage, int stratum, int tilt) =>
        _design.Levels.IsDefault || _design.Levels[tilt].IsDefault
            ? TiltGrid.DefaultLevels(RateOf(_design.Stages[stage].Rates[stratum], tilt))
            : _design.Levels[tilt];

    private void Fill(double[][] increments, int row, TiltGrid grid)
    {
        var (stage, stratum) = Math.DivRem(row, Strata);
        var x = _design.Stages[stage].TestedShare;
        var control = WithGood(_design.Stages[stage].Rates[stratum]);
        var levels = Enumerable.Range(0, Tilts).Select(t => LevelsOf(stage, stratum, t)).ToArray();
        for (var cell = 0; cell < 2 * (BadCategories + 1); cell++)
        {
            increments[(row * 2 * (BadCategories + 1)) + cell] = new double[grid.Weights.Length];
        }

        for (var j = 0; j < grid.Weights.Length; j++)
        {
            var tested = _design.Flags.IsDefault ? Tilt(control, grid, j, levels) : TiltFlags(control, grid, j, levels);
            var mixture = new double[control.Length];
            for (var y = 0; y < control.Length; y++)
            {
                mixture[y] = (x * tested[y]) + ((1 - x) * control[y]);
            }

            // A release that fails less often than history must never look worse than the control.
            var good = tested[^1] / mixture[^1];
            var rises = Enumerable.Range(0, BadCategories).Select(y => (tested[y] / mixture[y]) - good).ToArray();
            if (rises.Min() < 0)
            {
                continue;
            }

            var over = Math.Max(0, _design.Margins.Sum() - (_design.TotalMargin ?? double.PositiveInfinity));
            var toll = SpecialFunctions.Log1P(x * (rises.Select((r, y) => r * _design.Margins[y]).Sum() - (over * rises.Min())));
            for (var y = 0; y < control.Length; y++)
            {
                increments[CellOf(stage, stratum, false, y)][j] = Math.Log(control[y] / mixture[y]) - toll;
                increments[CellOf(stage, stratum, true, y)][j] = Math.Log(tested[y] / mixture[y]) - toll;
            }
        }
    }

    private static double[] WithGood(ImmutableArray<double> rates) => [.. rates, 1 - rates.Sum()];

    private static double[] Tilt(double[] control, TiltGrid grid, int component, ImmutableArray<double>[] levels)
    {
        const double mostBad = 0.97;
        var tilted = new double[control.Length];
        var bad = 0.0;
        for (var y = 0; y < control.Length - 1; y++)
        {
            var level = grid.Choices[component][y];
            tilted[y] = control[y] * (level == 0 ? 1 : grid.Multiplier(y, level, levels[y]));
            bad += tilted[y];
        }

        var scale = bad > mostBad ? mostBad / bad : 1;
        for (var y = 0; y < control.Length - 1; y++)
        {
            tilted[y] *= scale;
        }

        tilted[^1] = 1 - (bad * scale);
        return tilted;
    }

    // Each flag's odds rise, apart from the others: independent flags stay independent.
    private double[] TiltFlags(double[] control, TiltGrid grid, int component, ImmutableArray<double>[] levels)
    {
        const double most = 0.97;
        double[] tilted = [.. control];
        for (var flag = 0; flag < levels.Length; flag++)
        {
            var level = grid.Choices[component][flag];
            var rate = RateOf(control, flag);
            var risen = level == 0 ? rate : Math.Min(most, rate * grid.Multiplier(flag, level, levels[flag]));
            var odds = risen / (1 - risen) * (1 - rate) / rate;
            for (var y = 0; y < BadCategories; y++)
            {
                tilted[y] *= Shows(y, flag) ? odds : 1;
            }
        }

        var sum = tilted.Sum();
        return Array.ConvertAll(tilted, p => p / sum);
    }
}
