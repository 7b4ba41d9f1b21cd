using Backstop.Core.Guards.Text;

namespace Backstop.Core.Tests.Guards;

/// <summary>Sixteen characters looked at together are what each is by itself.</summary>
public sealed class AsciiBlockTests
{
    [Fact]
    public void Every_character_is_what_it_is_by_itself()
    {
        Span<char> block = stackalloc char[AsciiBlock.Length];
        for (var first = 0; first <= char.MaxValue; first += block.Length)
        {
            for (var i = 0; i < block.Length; i++)
            {
                block[i] = (char)(first + i);
            }

            var (letters, encoded) = (AsciiBlock.Letters(block), AsciiBlock.Encoded(block));
            for (var i = 0; i < block.Length; i++)
            {
                Assert.Equal(char.IsAsciiLetter(block[i]), (letters >> i & 1) != 0);
                Assert.Equal(char.IsAsciiLetterOrDigit(block[i]) || block[i] is '+' or '/' or '=' or '_' or '-', (encoded >> i & 1) != 0);
            }
        }
    }
}
