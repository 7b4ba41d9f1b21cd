using System.Text;
using System.Text.Json;
using Backstop.Gateway.Requests;
using Backstop.Gateway.Tests.Harness;
using CsCheck;

namespace Backstop.Gateway.Tests.Requests;

/// <summary>The quick way to read an answer says what a document says, or leaves it to the document.</summary>
public sealed class PlainAnswerTests
{
    private static readonly string[] Seeds =
    [
        """{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"h\u00e9\n","refusal":null,"tool_calls":null},"logprobs":{"content":[{"token":"a","top":[{"a":1}]}]},"finish_reason":"stop"}],"usage":{"a":1,"b":{"a":1}}}""",
        """{"choices":[{"text":"one","index":0},{"index":1,"text":"two","content":null}],"model":"x"}""",
        """{"choices":[{"message":{"content":"a","reasoning":"b","tool_calls":[{"function":{"name":"f","arguments":"{}"}}],"function_call":{"arguments":"x"}}}]}""",
        """{"choices":[{"message":{"content":[{"type":"text","text":"x"}],"reasoning_content":null}},{"message":{"refusal":"no"}},{"message":{}}],"choices":1}""",
        """ { "choices" : [ ] , "choic\u0065s" : 1 } """,
    ];

    private static readonly byte[] Signs = [.. "{}[]\",:\\\n 0e-.truenfalsdcb\0"u8];

    private static readonly Gen<byte> Telling = Gen.Select(Gen.Int[0, Signs.Length + 8], Gen.Byte, (sign, any) => sign < Signs.Length ? Signs[sign] : any);

    // Where something is changed, taken out, put in, or put in from elsewhere: then names stand twice.
    private static readonly Gen<(int Seed, (int Kind, int At, int Length, int From, byte[] With)[] Changes)> Cases = Gen.Select(
        Gen.Int[0, Seeds.Length - 1],
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 260], Gen.Int[1, 30], Gen.Int[0, 260], Telling.Array[1, 4]).Array[0, 3]);

    public static TheoryData<string> AllSeeds => [.. Seeds];

    [Theory]
    [MemberData(nameof(AllSeeds))]
    public void An_answer_says_the_same_either_way(string body) => Judge(Encoding.UTF8.GetBytes(body));

    [Fact]
    public void An_answer_that_was_changed_anywhere_says_the_same_either_way() => Cases.Sample(c => Judge(Changed(c)), iter: 20_000);

    [Fact]
    public void The_usual_answer_is_not_left_to_a_document()
    {
        Assert.Equal("four", Assert.Single(PlainAnswer.Read(Encoding.UTF8.GetBytes(Answers.Completion("four")), ChoiceForm.Chat)!).Text);
        Assert.Equal(["one", "two"], PlainAnswer.Read(Encoding.UTF8.GetBytes(Seeds[1]), ChoiceForm.Completion)!.Select(t => t.Text));
    }

    private static byte[] Changed((int Seed, (int Kind, int At, int Length, int From, byte[] With)[] Changes) c)
    {
        List<byte> body = [.. Encoding.UTF8.GetBytes(Seeds[c.Seed])];
        foreach (var (kind, at, length, from, with) in c.Changes)
        {
            var (start, source) = (Math.Min(at, body.Count), Math.Min(from, body.Count));
            var taken = Math.Min(length, body.Count - start);
            byte[] piece = kind == 3 ? [.. body[source..Math.Min(source + length, body.Count)]] : with;
            if (kind is 0 or 1)
            {
                body.RemoveRange(start, taken);
            }

            if (kind != 1)
            {
                body.InsertRange(start, piece);
            }
        }

        return [.. body];
    }

    private static void Judge(byte[] body)
    {
        foreach (var form in (ChoiceForm[])[ChoiceForm.Chat, ChoiceForm.Completion])
        {
            var document = Try(() => ChoiceAnswer.ReadDocument(body, form));
            var either = Try(() => ChoiceAnswer.Read(body, form));
            Assert.Equal(document, either);
        }
    }

    // Nobody tells apart why it is no answer.
    private static List<AnswerText>? Try(Func<List<AnswerText>> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
