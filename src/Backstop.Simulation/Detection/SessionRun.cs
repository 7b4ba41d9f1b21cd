using Backstop.Simulation.Detectors;
using Backstop.Simulation.Random;

namespace Backstop.Simulation.Detection;

/// <summary>A repetition in which whole sessions are drawn, for a rule that sees nothing of one but its arm, its length and how many of its requests were bad.</summary>
/// <remarks>Exactly what a stream gives: requests of one session are independent once it is known whether the session is a bad one.</remarks>
internal static class SessionRun
{
    /// <summary>Plays a repetition. A session is looked at when the next begins, so the last one never is.</summary>
    public static void Play(DetectionScenario scenario, SessionDetector rule, int seed, Func<Reaction, int, bool> isOver)
    {
        var random = new SplitMix64((ulong)seed).Split();
        foreach (var phase in scenario.Phases)
        {
            var (ofBadSession, ofRequest) = RequestStream.BadShares(phase.Tested);
            for (var seen = 0; ;)
            {
                var tested = random.Chance(phase.TestedShare);
                var length = RequestStream.SessionLength(random);
                var bad = random.Chance(ofBadSession) ? random.Binomial(length, ofRequest) : 0;
                seen += length;
                if (seen >= phase.Requests || (rule.Count(tested, length, bad) is { Kind: not ReactionKind.None } reaction && isOver(reaction, seen + 1)))
                {
                    return;
                }
            }
        }
    }
}
