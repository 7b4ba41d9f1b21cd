using Backstop.Core.Guards.Classifiers;
using CsCheck;

namespace Backstop.Core.Tests.Guards;

/// <summary>What a model says about a place is known beforehand, and is what it would say about the stretch that stands there.</summary>
public sealed class StandingTests
{
    private static readonly LinearModel Model = InjectionModels.Embedded().Place;

    private static readonly Gen<Standing> Standings =
        Gen.Select(Gen.Int[1, 6000], Gen.Double[0, 1], Gen.Int[0, 3], Gen.Int[0, 2]).Select((length, asking, words, pointing) => new Standing(length, asking * length, words, words / 2, pointing));

    [Fact]
    public void Every_place_has_a_number_of_its_own() =>
        Assert.All(Enumerable.Range(0, Standing.Place.Count), number => Assert.Equal(number, Standing.Place.Of(number).Number));

    [Fact]
    public void The_number_of_a_place_tells_all_that_a_model_looks_at() => Gen.Select(Standings, Standings, Gen.Bool, Gen.Bool).Sample((part, rest, first, last) =>
    {
        var (described, known) = (Model.Begin(), Model.Begin());
        part.Describe(part + rest, first, last, ref described);
        var number = part.PlaceIn(part + rest, first, last).Number;
        Standing.Place.Of(number).Describe(ref known);
        Assert.InRange(number, 0, Standing.Place.Count - 1);
        Assert.Equal(Model.Logit(described.Tally), Model.Logit(known.Tally));
    });
}
