using System.Text;
using Backstop.Core.Guards;

namespace Backstop.Core.Tests.Guards.Checks;

/// <summary>A ring with one check in one stage.</summary>
internal static class OneCheck
{
    public static Ring Ring(string check, string action = "block", string with = "{}", string stage = "output", int holdMax = 256) =>
        Core.Guards.Ring.Compile(GuardPolicy.Parse(
            $$"""
            { "streaming": { "hold_max": {{holdMax}} },
              "stages": { "{{stage}}": { "checks": [ { "use": "{{check}}", "action": "{{action}}", "with": {{with}} } ] } } }
            """));

    /// <summary>The rules that a text breaks, in order of their places.</summary>
    public static string[] Rules(this Ring ring, string text, RingContext? context = null) =>
        [.. ring.Screen(text, context).Findings.Select(finding => finding.Rule)];

    public static string? Fixed(this Ring ring, string text, RingContext? context = null) => ring.Screen(text, context).FixedText;

    public static Ruling Screen(this Ring ring, string text, RingContext? context = null) =>
        ring.Open(context ?? RingContext.None).ScreenOutput(ScanUnit.Output(text) with { Stage = ring.Policy.Stages.Keys.First() });

    /// <summary>What a stream delivers, cut as told, with how much it held at most.</summary>
    public static (string Released, Ruling Ruling, int MostHeld) Stream(this Ring ring, string text, int[] cuts, RingContext? context = null)
    {
        var stream = ring.Open(context ?? RingContext.None).OpenStream();
        var released = new StringBuilder();
        var mostHeld = 0;
        for (int at = 0, cut = 0; ; cut++)
        {
            var length = Math.Min(cuts[cut % cuts.Length], text.Length - at);
            var step = stream.Push(text.AsSpan(at, length), final: at + length == text.Length);
            released.Append(step.Released);
            at += length;
            if (step.Ruling is { } ruling)
            {
                return (released.ToString(), ruling, mostHeld);
            }

            mostHeld = Math.Max(mostHeld, stream.Held);
        }
    }
}
