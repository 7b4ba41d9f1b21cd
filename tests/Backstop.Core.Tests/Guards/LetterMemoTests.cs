using Backstop.Core.Guards.Classifiers;
using CsCheck;

namespace Backstop.Core.Tests.Guards;

public sealed class LetterMemoTests
{
    private static readonly LinearModel[] Models = [.. ((string[])["toxicity.weights", "injection.weights"]).Select(name => LinearModel.Read(LinearModel.Embedded(name).Span))];

    private static readonly Gen<string> Words = Gen.Char["abcdefgh'éя忽7"].Array[1, 30].Select(letters => new string(letters));

    [Fact]
    public void What_is_remembered_of_a_word_is_what_its_letters_add()
    {
        var memo = new LetterMemo(Models);
        Words.Array[1, 200].Sample(
            words =>
            {
                var (remembered, added) = (Array.ConvertAll(Models, model => model.Begin()), Array.ConvertAll(Models, model => model.Begin()));
                foreach (var word in words.Concat(words))
                {
                    memo.AddTo(remembered, word, Features.Hash(word));
                    for (var i = 0; i < added.Length; i++)
                    {
                        Features.AddLetters(word, ref added[i]);
                    }
                }

                Assert.All(added.Zip(remembered), pair => Assert.Equal((pair.First.Total(1), pair.First.Count(1)), (pair.Second.Total(1), pair.Second.Count(1))));
            },
            threads: 1);
    }

    [Fact]
    public void A_word_that_takes_the_place_of_another_is_not_taken_for_it()
    {
        var memo = new LetterMemo(Models[0]);
        foreach (var word in (string[])["first", "other", "first"])
        {
            LinearModel.Sum[] sum = [Models[0].Begin()];
            memo.AddTo(sum, word, hash: 7);
            var expected = Models[0].Begin();
            Features.AddLetters(word, ref expected);
            Assert.Equal(expected.Total(1), sum[0].Total(1));
        }
    }
}
