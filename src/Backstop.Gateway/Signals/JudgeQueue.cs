using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Inputs;
using Backstop.Gateway.Observability;
using Microsoft.Extensions.Hosting;

namespace Backstop.Gateway.Signals;

/// <summary>An answer that was drawn to be judged. Personal data was taken out of it: it goes to a stranger.</summary>
public sealed record Judged(PendingRequest Request, string Alias, ScoreSignal Signal, string Question, string Answer);

/// <summary>Asks judges how good answers are, a sample of them, after their users have them.</summary>
/// <remarks>
/// What does not fit into the queue is not judged, whichever arm it is of. Now and then a judge is asked about an answer whose
/// score is known; until he is right about it again, nothing he says is counted.
/// </remarks>
public sealed class JudgeQueue(JudgeServer server, SignalRecorder signals, Telemetry telemetry) : BackgroundService
{
    /// <summary>Answers that wait at the most.</summary>
    public const int Most = 200;

    private const int Workers = 2;

    private readonly Channel<Judged> _waiting = Channel.CreateBounded<Judged>(new BoundedChannelOptions(Most) { FullMode = BoundedChannelFullMode.Wait });
    private readonly ConditionalWeakTable<AnswerJudgeSpec, Standing> _standings = [];

    /// <summary>Takes an answer if there is room. Never waits.</summary>
    public void Offer(Judged judged)
    {
        if (!_waiting.Writer.TryWrite(judged))
        {
            telemetry.Judged(judged.Signal.Rule.Name, "dropped");
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => Task.Run(() => Work(stoppingToken), CancellationToken.None)));

    private async Task Work(CancellationToken stopping)
    {
        try
        {
            await foreach (var judged in _waiting.Reader.ReadAllAsync(stopping))
            {
                var (rule, judge) = (judged.Signal.Rule, judged.Signal.Judge!);
                var result = !await IsTrusted(judged, stopping) ? "untrusted"
                    : await server.Ask(judge, rule, judged.Question, judged.Answer, stopping) is not { } score ? "failed"
                    : Count(judged, score);
                telemetry.Judged(rule.Name, result);
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops; what waited is not judged any more.
        }
    }

    private string Count(Judged judged, double score)
    {
        signals.Scored(judged.Request, judged.Signal.Rule.Name, score);
        return "scored";
    }

    private async Task<bool> IsTrusted(Judged judged, CancellationToken stopping)
    {
        var judge = judged.Signal.Judge!;
        if (judge.Anchors.IsEmpty || _standings.GetOrCreateValue(judge).NextAnchor(judge) is not { } place)
        {
            return judge.Anchors.IsEmpty || _standings.GetOrCreateValue(judge).IsTrusted;
        }

        var anchor = judge.Anchors[place];
        if (await server.Ask(judge, judged.Signal.Rule, anchor.Question, anchor.Answer, stopping) is { } said)
        {
            var isRight = said >= anchor.Least && said <= anchor.Most;
            _standings.GetOrCreateValue(judge).IsTrusted = isRight;
            signals.Brought(signals.Of(judged.Alias), new(InputSignal.JudgeAnchor, judged.Signal.Rule.Name, 1, isRight ? 0 : 1));
        }

        return _standings.GetOrCreateValue(judge).IsTrusted;
    }

    /// <summary>How a judge has done on what is known.</summary>
    private sealed class Standing
    {
        private readonly Lock _lock = new();
        private int _asked;
        private int _left;

        public bool IsTrusted { get; set; }

        /// <summary>The anchor that is due before the next score, or null. One who is not trusted is asked one each time.</summary>
        public int? NextAnchor(AnswerJudgeSpec judge)
        {
            lock (_lock)
            {
                if (IsTrusted && --_left > 0)
                {
                    return null;
                }

                _left = judge.AnchorEvery;
                return _asked++ % judge.Anchors.Length;
            }
        }
    }
}
