using System.Text;
using Backstop.Core.Guards;
using CsCheck;

namespace Backstop.Core.Tests.Guards;

public sealed class OutputStreamTests
{
    private static readonly Ring Default = Ring.Compile(GuardPolicy.Default);

    // Pieces that start, complete and nearly complete what the checks look for.
    private static readonly string[] Pieces =
    [
        "The weather is fine. ", "ada@example.com", "ada@", "example.com ", "4111 1111 1111 1111", "4111", "1111-1111-",
        "You are a worthless idiot and everybody hates you. ", "{\"a\":\"", "\\n\\u0041", "\"}", "\n", " ", "😀", "\ud83d", "1.2.3.4 ", "DE89 3704 0044 0532 0130 00",
        "SSN 536-90-4399 ", "naïve ", "...", "phone +1 202 555 0143. ", "a", "0", "@", ".", "-", new string('x', 300), new string('7', 70),
    ];

    private static readonly Gen<string> Texts = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 12].Select(string.Concat);

    [Fact]
    public void However_a_stream_is_cut_it_delivers_what_the_finished_text_would()
    {
        Gen.Select(Texts, Gen.Int[1, 40].Array[1, 20]).Sample(
            (text, cuts) => AssertSame(text, cuts), iter: 3000);
    }

    [Fact]
    public void A_stream_of_single_characters_delivers_what_the_finished_text_would() =>
        Texts.Sample(text => AssertSame(text, [1]), iter: 1000);

    [Fact]
    public void Ordinary_prose_of_a_finished_sentence_is_not_held_back()
    {
        var stream = Default.Open(RingContext.None).OpenStream();
        var step = stream.Push("The train leaves at nine. Bring", final: false);
        Assert.Equal("The train leaves at nine.", step.Released);
        Assert.Null(step.Ruling);
    }

    [Fact]
    public void Nothing_of_a_blocked_sentence_leaves()
    {
        var stream = Default.Open(RingContext.None).OpenStream();
        var released = new StringBuilder();
        Ruling? ruling = null;
        foreach (var c in "It is nine. You are a worthless idiot and everybody hates you. Goodbye.")
        {
            var step = stream.Push([c], final: false);
            released.Append(step.Released);
            ruling = step.Ruling;
            if (ruling is not null)
            {
                break;
            }
        }

        Assert.Equal(Disposition.Block, ruling!.Disposition);
        Assert.Equal("It is nine.", released.ToString());
        Assert.Throws<InvalidOperationException>(() => stream.Push("x", final: true));
    }

    private static void AssertSame(string text, int[] cuts)
    {
        var session = Default.Open(RingContext.None);
        var whole = session.ScreenOutput(ScanUnit.Output(text));
        var stream = session.OpenStream();
        var released = new StringBuilder();
        Ruling? ruling = null;
        for (int at = 0, cut = 0; ruling is null; cut++)
        {
            var length = Math.Min(cuts[cut % cuts.Length], text.Length - at);
            var step = stream.Push(text.AsSpan(at, length), final: at + length == text.Length);
            released.Append(step.Released);
            ruling = step.Ruling;
            at += length;
        }

        if (whole.Stops)
        {
            Assert.True(ruling.Stops);
            Assert.True(released.Length <= whole.Findings.Where(f => f.Check == whole.DecidedBy).Min(f => f.Start) + SlackOfEdits(whole));
        }
        else
        {
            Assert.Equal(whole.Disposition, ruling.Disposition);
            Assert.Equal(whole.FixedText ?? text, released.ToString());
            Assert.Equal(whole.Findings, ruling.Findings);
        }
    }

    // Placeholders may be longer than what they replace.
    private static int SlackOfEdits(Ruling ruling) => ruling.Findings.Count(f => f.Harm == HarmClass.Pii) * 24;
}
