using Backstop.Core.Evidence;
using CsCheck;

namespace Backstop.Core.Tests.Evidence;

public class SumOfExponentialsTests
{
    [Fact]
    public void A_table_of_any_size_adds_up_the_exponentials_as_the_library_does() =>
        Gen.Double[-800, 800].Array[1, 400].Sample(values =>
        {
            // Weights of 1 and one request whose increments are the values.
            var table = new IncrementTable(Array.ConvertAll(values, _ => 1.0), 1, (_, j) => values[j]);
            var most = values.Max();
            var exact = most + Math.Log(values.Sum(v => Math.Exp(v - most)));
            Assert.Equal(exact, table.LogE([1]), 1e-12 * Math.Max(1, Math.Abs(exact)));
        });

    [Fact]
    public void A_component_has_the_same_weight_wherever_it_stands() =>
        Gen.Select(Gen.Double[-700, 0], Gen.Int[0, 40]).Sample((value, place) =>
        {
            Assert.Equal(At(0), At(place));

            double At(int of)
            {
                var table = new IncrementTable(Enumerable.Repeat(1.0, 41).ToArray(), 1, (_, j) => j == of ? value : double.NegativeInfinity);
                return table.LogE([1]);
            }
        });
}
