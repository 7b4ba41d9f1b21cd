using System.Collections.Immutable;
using Backstop.Core.Evidence.Scores;
using Backstop.Core.Routing;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Signals;

/// <summary>Has the assigned release's answers scored, as the alias's signals say.</summary>
internal sealed class Scoring(SignalRecorder signals, JudgeQueue judges)
{
    /// <summary>The judges for whom a request of an arm is drawn, each for himself.</summary>
    public static ImmutableArray<ScoreSignal> Drawn(Route route, Arm arm) => route.Traffic.Signals.IsEmpty
        ? []
        : [.. route.Traffic.Signals.Where(s => s.Judge is not null && Random.Shared.NextDouble() < s.Rule.Scored.Of(arm))];

    /// <summary>The answer was observed: what stands in it is counted, and it is offered to the judges that were drawn.</summary>
    /// <param name="numbers">What was read in it as it went by; null when nothing is to be.</param>
    public void Answered(PendingRequest request, Asked asked, AnswerNumbers? numbers, ImmutableArray<ScoreSignal> drawn, Screened answer)
    {
        if (answer is not Screened.Deliverable ok || ok.Outcome != Core.Evidence.Outcome.Unlabelled)
        {
            return;
        }

        if (numbers is not null && ok.Body is { } body)
        {
            numbers.See(body.Memory);
        }

        foreach (var (name, value) in numbers?.Found ?? [])
        {
            signals.Scored(request, name, value);
        }

        if (drawn.IsEmpty || !asked.Request.Dialect.IsConversation || Redaction.Of(asked.Request.Texts, ok.Text) is not { } texts)
        {
            return;
        }

        foreach (var signal in drawn)
        {
            judges.Offer(new(request, asked.Route.Alias, signal, texts.Question, texts.Answer));
        }
    }
}
