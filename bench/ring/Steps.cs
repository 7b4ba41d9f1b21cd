using System.Diagnostics;
using System.Runtime;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;
using Backstop.Core.Guards.Classifiers;
using Backstop.Core.Guards.Text;
using Backstop.GatewayBench.Load;

namespace Backstop.RingBench;

/// <summary>Where the time of the default ring goes, on the texts that <c>bench/gateway</c> sends.</summary>
internal static class Steps
{
    // A round of each step in turn, so that whatever else the machine does meets all alike.
    private const int Rounds = 400;
    private const double MicrosOfRound = 200;
    private const int Coldest = 8;
    private const int TextsOfRound = 100;

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWarming = TimeSpan.FromSeconds(20);

    // What a processor foresees in sixty-four texts that come again it does not foresee in four thousand.
    private static readonly IReadOnlyList<string> NewTexts = Prose.Mixed(4000);

    // More than the caches nearest to a core hold: what a gateway does between two texts.
    private static readonly byte[] Elsewhere = new byte[1 << 20];

    private sealed record Step(string Name, string Text, Action<string> Do);

    /// <summary>A table: the ring, each check by itself, and what the classifiers do, one thing more each time.</summary>
    /// <exception cref="InvalidOperationException">The ring stops one of the texts, which is other work.</exception>
    public static string Table()
    {
        var session = Ring.Compile(GuardPolicy.Default).Open(RingContext.None);
        if (session.ScreenInput([ScanUnit.Input(Conversation.Question)]).Stops || session.ScreenOutput(ScanUnit.Output(Conversation.Answer)).Stops)
        {
            throw new InvalidOperationException("The default ring stops the question or the answer, which bench/gateway wants to pass.");
        }

        Step[] steps = [.. OfRequest(), .. OfAnswer(), Both()];
        Warm(steps);
        var repeats = Array.ConvertAll(steps, RepeatsOf);
        var (warm, cold) = (Array.ConvertAll(steps, _ => new List<double>()), Array.ConvertAll(steps, _ => new List<double>()));
        var news = Array.ConvertAll(steps, MicrosOfNewTexts);
        for (var round = 0; round < Rounds; round++)
        {
            for (var i = 0; i < steps.Length; i++)
            {
                var step = steps[i];
                warm[i].Add(Micros(_ => step.Do(step.Text), repeats[i]));
                cold[i].Add(MicrosAmidOtherWork(step));
            }
        }

        var rows = steps.Select((step, i) => FormattableString.Invariant(
            $"| {step.Name} | {At(warm[i], 0.1):0.00} | {At(warm[i], 0.5):0.00} | {news[i]:0.00} | {At(cold[i], 0.5):0.0} | {Bytes(step)} |"));
        return string.Join('\n', [
            $"{Conversation.Question.Length} characters of question, {Conversation.Answer.Length} of answer; µs of processor time, {Rounds} rounds in turn",
            "",
            "| | lowest tenth | median | new texts | amid other work | bytes |",
            "| --- | --- | --- | --- | --- | --- |",
            .. rows]);
    }

    private static IEnumerable<Step> OfRequest()
    {
        var ring = Ring.Compile(GuardPolicy.Default);
        yield return new("request", Conversation.Question, text => ring.Open(RingContext.None).ScreenInput([ScanUnit.Input(text)]));
        foreach (var check in ring.Policy.ChecksOf(GuardStage.Input))
        {
            var alone = Alone("input", check.Use);
            yield return new($"- {check.Use}", Conversation.Question, text => alone.Open(RingContext.None).ScreenInput([ScanUnit.Input(text)]));
        }

        var features = InjectionFeatures.Shared.Constructions;
        var panel = new Panel([.. ((string[])["injection", "injection.whole", "injection.request"]).Select(Model)]);
        foreach (var step in Within(Conversation.Question, InjectionClassifier.Window, features, panel.Begin()))
        {
            yield return step;
        }

        var parts = new List<ScoredPart>();
        yield return new("-- and scores", Conversation.Question, text => InjectionClassifier.Shared.Score(text, parts));
        yield return new("-- texts hidden in it", Conversation.Question, text => Disguises.Of(text));
        var (remembering, prompt) = (ring.Remembering(new byte[32]), ScanUnit.Input(Conversation.Prompt, "system"));
        yield return new("request with a known message", Conversation.Question, text => remembering.Open(RingContext.None).ScreenInput([prompt, ScanUnit.Input(text)]));
    }

    private static IEnumerable<Step> OfAnswer()
    {
        var ring = Ring.Compile(GuardPolicy.Default);
        yield return new("answer", Conversation.Answer, text => ring.Open(RingContext.None).ScreenOutput(ScanUnit.Output(text)));
        foreach (var check in ring.Policy.ChecksOf(GuardStage.Output))
        {
            var alone = Alone("output", check.Use);
            yield return new($"- {check.Use}", Conversation.Answer, text => alone.Open(RingContext.None).ScreenOutput(ScanUnit.Output(text)));
        }

        foreach (var step in Within(Conversation.Answer, ring.Policy.Streaming.Window, new(AbuseLexicon.Shared), Model("toxicity").Begin()))
        {
            yield return step;
        }
    }

    private static Step Both()
    {
        var ring = Ring.Compile(GuardPolicy.Default);
        return new("a text as request and another as answer", Conversation.Question, text =>
        {
            ring.Open(RingContext.None).ScreenInput([ScanUnit.Input(text)]);
            ring.Open(RingContext.None).ScreenOutput(ScanUnit.Output(ReferenceEquals(text, Conversation.Question) ? Conversation.Answer : text));
        });
    }

    // Each does what the one before it does, and one thing more.
    private static IEnumerable<Step> Within<TSum>(string usual, int window, ConstructionFeatures features, TSum nothing)
        where TSum : struct, IWeightSum
    {
        var (folded, memo, patterns) = (new FoldedText(), new WordMemo<TSum>(features, nothing), new Patterns());
        void Read(string text, bool words = false, bool look = false, bool construct = false)
        {
            var cutter = new SentenceCutter(window);
            for (var (from, end) = (0, 0); end < text.Length; from = end)
            {
                end = cutter.Next(text, from, final: true);
                if (words || look || construct)
                {
                    folded.Read(text.AsSpan(from..end), escaped: false);
                }

                var known = look || construct ? memo.Read(folded) : [];
                if (construct && !known.IsEmpty)
                {
                    var sum = nothing;
                    patterns.ReadAll(known, folded);
                    sum.Add(known, previous: 0);
                    sum.Add(patterns.To(known.Length));
                }
            }
        }

        yield return new("-- sentences", usual, text => Read(text));
        yield return new("-- and words", usual, text => Read(text, words: true));
        yield return new("-- and what each is", usual, text => Read(text, look: true));
        yield return new("-- and constructions", usual, text => Read(text, construct: true));
    }

    private static LinearModel Model(string name) => LinearModel.Read(LinearModel.Embedded($"{name}.weights").Span);

    private static Ring Alone(string stage, string check) => Ring.Compile(GuardPolicy.Parse(
        $$"""{ "apiVersion": "backstop/v1", "name": "steps", "stages": { "{{stage}}": { "checks": [ { "use": "{{check}}", "action": "block" } ] } } }"""));

    // Until the runtime has compiled nothing more for a while: its compiler shares the core, and code that it has not come to takes several times as long.
    private static void Warm(Step[] steps)
    {
        var (begun, quiet, compiled) = (Stopwatch.StartNew(), Stopwatch.StartNew(), 0L);
        while (quiet.Elapsed < Quiet && begun.Elapsed < LongestWarming)
        {
            foreach (var step in steps)
            {
                Micros(_ => step.Do(step.Text), 200);
                Micros(turn => step.Do(NewTexts[turn]), 100);
            }

            if (JitInfo.GetCompiledMethodCount() is var now && now > compiled)
            {
                compiled = now;
                quiet.Restart();
            }
        }
    }

    // How often it is done in a round.
    private static int RepeatsOf(Step step) => Math.Max(1, (int)(MicrosOfRound / Enumerable.Range(0, 20).Min(_ => Micros(_ => step.Do(step.Text), 50))));

    private static double Micros(Action<int> turn, int times)
    {
        var begun = ThreadClock.Micros;
        for (var i = 0; i < times; i++)
        {
            turn(i);
        }

        return (ThreadClock.Micros - begun) / times;
    }

    // One after the other, each once; what the first of them find cold is not counted.
    private static double MicrosOfNewTexts(Step step)
    {
        var micros = new List<double>();
        for (var from = 0; from + TextsOfRound <= NewTexts.Count; from += TextsOfRound)
        {
            micros.Add(Micros(turn => step.Do(NewTexts[from + turn]), TextsOfRound));
        }

        return At(micros, 0.5);
    }

    private static double MicrosAmidOtherWork(Step step)
    {
        var micros = 0.0;
        for (var i = 0; i < Coldest; i++)
        {
            for (var line = 0; line < Elsewhere.Length; line += 64)
            {
                Elsewhere[line]++;
            }

            micros += Micros(_ => step.Do(step.Text), 1);
        }

        return micros / Coldest;
    }

    private static long Bytes(Step step)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        step.Do(step.Text);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static double At(List<double> values, double share)
    {
        values.Sort();
        return values[(int)(share * values.Count)];
    }
}
