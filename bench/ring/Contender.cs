using Backstop.Core.Guards;

namespace Backstop.RingBench;

/// <param name="Judge">Looks at one text and says whether it found anything.</param>
/// <param name="Harms">What it claims to find; null for everything.</param>
internal sealed record Contender(string Name, Func<string, bool> Judge, string[]? Harms)
{
    private const string Request = "default ring, request";
    private const string Answer = "default ring, answer";
    private const string Pieces = "default ring, answer in pieces of four";
    private const string All = "all local checks";

    /// <summary>The names of those that are more than one check.</summary>
    public static readonly string[] Whole = [Request, Answer, Pieces, All];

    /// <summary>The default ring on both sides of a model, everything the ring can look for at once, and each check by itself.</summary>
    public static IEnumerable<Contender> Ours()
    {
        var ring = Ring.Compile(GuardPolicy.Default);
        yield return new(Request, text => Found(ring.Open(RingContext.None).ScreenInput([ScanUnit.Input(text)])), ["attack"]);
        yield return new(Answer, text => Found(ring.Open(RingContext.None).ScreenOutput(ScanUnit.Output(text))), ["abuse", "personal data"]);
        yield return new(Pieces, text => FoundInPieces(ring, text), ["abuse", "personal data"]);
        var names = Alone().ToList();
        var all = Ring.Compile(Policy(names));
        yield return new(All, text => Found(all.Open(RingContext.None).ScreenInput([ScanUnit.Input(text)])), null);
        foreach (var name in names)
        {
            var one = Ring.Compile(Policy([name]));
            yield return new(name, text => Found(one.Open(RingContext.None).ScreenInput([ScanUnit.Input(text)])), HarmsOf(name));
        }
    }

    // As a model writes it: about four characters at a time.
    private static bool FoundInPieces(Ring ring, string text)
    {
        var stream = ring.Open(RingContext.None).OpenStream();
        for (var at = 0; ; at += 4)
        {
            var last = at + 4 >= text.Length;
            if (stream.Push(text.AsSpan(at..Math.Min(at + 4, text.Length)), last).Ruling is { } ruling)
            {
                return Found(ruling);
            }
        }
    }

    // Checks that work without settings and can look at a request.
    private static IEnumerable<string> Alone()
    {
        foreach (var name in CheckCatalog.Names)
        {
            Ring? ring = null;
            try
            {
                ring = Ring.Compile(Policy([name]));
            }
            catch (GuardPolicyException)
            {
            }

            if (ring is not null)
            {
                yield return name;
            }
        }
    }

    private static GuardPolicy Policy(IEnumerable<string> checks) => GuardPolicy.Parse(
        $$"""{ "apiVersion": "backstop/v1", "name": "bench", "stages": { "input": { "checks": [ {{string.Join(", ", checks.Select(check => $$"""{ "use": "{{check}}", "action": "block" }"""))}} ] } } }""");

    private static string[]? HarmsOf(string check) => check switch
    {
        "pii" => ["personal data"],
        "injection" => ["attack"],
        "toxicity" => ["abuse"],
        _ => [],
    };

    private static bool Found(Ruling ruling) => ruling.Findings.Length > 0;
}
