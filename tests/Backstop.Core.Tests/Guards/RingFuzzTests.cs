using Backstop.Core.Guards;
using CsCheck;

namespace Backstop.Core.Tests.Guards;

/// <summary>No text makes a check give no answer, whatever is in it, however long it is, and however it comes.</summary>
public sealed class RingFuzzTests
{
    private static readonly Gen<string> Texts =
        Gen.Select(Gen.Int[0, HostileTexts.Parts.Length - 1], Gen.Int[1, 40]).Select((part, times) => string.Concat(Enumerable.Repeat(HostileTexts.Parts[part], times))).Array[0, 12].Select(string.Concat);

    private static readonly Gen<string> AnyChars = Gen.Char[(char)0, (char)0xffff].Array[0, 300].Select(chars => new string(chars));

    private static readonly Ring Everything = RingOf([.. CheckCatalog.Names.Where(HostileTexts.IsLocal).Select(HostileTexts.UseOf)]);

    [Fact]
    public void Every_text_gets_an_answer_of_every_check() => Gen.OneOf(Texts, AnyChars).Sample(AssertAnswered, iter: 3000);

    [Fact]
    public void Long_texts_built_against_each_way_of_scanning_get_one_too()
    {
        foreach (var part in HostileTexts.Parts)
        {
            AssertAnswered(HostileTexts.Of(part, 20_480));
        }
    }

    [Fact(Explicit = true)]
    public void So_do_a_million_characters_of_them()
    {
        foreach (var part in HostileTexts.Parts)
        {
            AssertAnswered(HostileTexts.Of(part, 1_000_000));
        }
    }

    private static void AssertAnswered(string text)
    {
        var session = Everything.Open(RingContext.None);
        foreach (var stage in (GuardStage[])[GuardStage.Input, GuardStage.Output, GuardStage.ToolArguments])
        {
            Assert.Empty(session.Begin([new ScanUnit(stage, text)]).Finish([]).Errors);
        }

        var stream = session.OpenStream();
        for (var at = 0; !stream.Ended; at += 997)
        {
            var step = stream.Push(text.AsSpan(Math.Min(at, text.Length)..Math.Min(at + 997, text.Length)), final: at + 997 >= text.Length);
            Assert.True(step.Ruling is null || step.Ruling.Errors.IsEmpty);
        }

        Assert.Equal(0, stream.Held);
    }

    private static Ring RingOf(IReadOnlyList<string> uses)
    {
        var stages = ((string[])["input", "output", "tool_args"])
            .Select(stage => $"\"{stage}\":{{\"checks\":[{string.Join(',', uses.Where(use => HostileTexts.Fits(stage, use)))}]}}");
        return Ring.Compile(GuardPolicy.Parse($"{{\"stages\":{{{string.Join(',', stages)}}}}}"));
    }
}
