using Backstop.Simulation.Detection;

namespace Backstop.Simulation.Detectors;

/// <summary>The textbook's monitor: every 180 requests, whether fewer than 88 % of the tested arm's last 200 answers were right.</summary>
/// <remarks>It counts a blocked answer as right, since the user got the safe text, and so misses a third of v8's harm.</remarks>
public sealed class TextbookWindow : IDetector
{
    private const int Cadence = 180;
    private const int Window = 200;
    private const double Threshold = 0.88;
    private readonly bool[] _wrong = new bool[Window];
    private int _seen;
    private int _wrongInWindow;
    private int _requests;

    /// <inheritdoc/>
    public Reaction Watch(in SimulatedRequest request)
    {
        if (request.Tested)
        {
            var wrong = request.Category == 2;
            ref var oldest = ref _wrong[_seen++ % Window];
            _wrongInWindow += (wrong ? 1 : 0) - (oldest ? 1 : 0);
            oldest = wrong;
        }

        return Reaction.RollBackIf(++_requests % Cadence == 0 && _seen >= Window && 1 - (_wrongInWindow / (double)Window) < Threshold);
    }
}
