namespace Backstop.Simulation.Random;

/// <summary>Draws of whole counts.</summary>
public static class Draws
{
    /// <summary>How many of some requests are of a kind. By inversion: exact, and quick where few are.</summary>
    /// <param name="trials">Up to some hundreds: beyond a thousand the first term may vanish.</param>
    public static int Binomial(this SplitMix64 random, int trials, double probability)
    {
        if (probability > 0.5)
        {
            return trials - random.Binomial(trials, 1 - probability);
        }

        var odds = probability / (1 - probability);
        var term = Math.Pow(1 - probability, trials);
        var left = random.Uniform();
        var hits = 0;
        while (left >= term && hits < trials)
        {
            left -= term;
            hits++;
            term *= odds * (trials - hits + 1) / hits;
        }

        return hits;
    }

    /// <summary>Puts cells into a random order, every one as likely.</summary>
    public static void Shuffle(this SplitMix64 random, Span<int> cells)
    {
        for (var i = cells.Length - 1; i > 0; i--)
        {
            var j = (int)Math.BigMul(random.Next(), (ulong)i + 1, out _);
            (cells[i], cells[j]) = (cells[j], cells[i]);
        }
    }
}
