using System.Collections.Concurrent;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;
using Microsoft.AspNetCore.Http;

namespace Backstop.Gateway.Guards;

/// <summary>Asks those outside whom a policy names, all at once, and brings their answers to the ring.</summary>
/// <remarks>
/// The local checks come first: they take microseconds, and what they stop nobody is asked about. Whoever only takes notes is
/// asked beside the text's way, which does not wait for it; when too much is asked already it is not asked at all, and counted.
/// </remarks>
public sealed class OutsideGuards(GuardTelemetry telemetry, TimeProvider clock, ModelShelf models) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2), AllowAutoRedirect = false });
    private readonly ConcurrentDictionary<OutsideGuard, GuardServer> _servers = new();
    private readonly NoteQueue _notes = new(telemetry);

    /// <summary>What the ring says to texts.</summary>
    /// <param name="left">The caller waits no longer.</param>
    public async ValueTask<Ruling> Screen(RingSession session, IReadOnlyList<ScanUnit> units, CancellationToken left)
    {
        var screening = session.Begin(units);
        var ruling = screening.Finish(screening.Questions.Count == 0 ? [] : await Ask(screening.Questions, left));
        Note(ruling);
        return ruling;
    }

    /// <summary>Time for the budgets of checks.</summary>
    public TimeSpan Clock() => clock.GetElapsedTime(0);

    /// <summary>Lets those look at a request and its answer who only take notes, when both have left.</summary>
    public void NoteLater(RingSession session, HttpResponse response) => response.OnCompleted(() =>
    {
        _notes.Offer(session);
        return Task.CompletedTask;
    });

    /// <summary>Counts what a ring said where it did not say it here.</summary>
    public void Note(Ruling ruling) => telemetry.Ruled(ruling);

    /// <summary>Asks everybody at once and waits for those whose answers are waited for.</summary>
    public async Task<IReadOnlyList<RemoteAnswer>> Ask(IReadOnlyList<RemoteQuestion> questions, CancellationToken left)
    {
        foreach (var question in questions)
        {
            if (!question.IsAwaited)
            {
                _ = Observe(question);
            }
        }

        return await Task.WhenAll(questions.Where(question => question.IsAwaited).Select(question => AskOne(question, left)));
    }

    public void Dispose() => _http.Dispose();

    private async Task<RemoteAnswer> AskOne(RemoteQuestion question, CancellationToken left)
    {
        var began = clock.GetTimestamp();
        var answer = await _servers.GetOrAdd(question.Guard, ServerOf).Ask(question, left);
        telemetry.Asked(question, answer, clock.GetElapsedTime(began));
        return answer;
    }

    private GuardServer ServerOf(OutsideGuard guard) => new(
        guard.Patience,
        guard switch
        {
            ModelGuard => models.Ask,
            RemoteGuard { Protocol: GuardProtocol.OpenAiEmbeddings } => new EmbeddingExchange(_http).Ask,
            _ => (question, cancel) => HttpExchange.Ask(_http, question, cancel),
        },
        clock);

    // The text is on its way: whatever becomes of this, it is only counted.
    private async Task Observe(RemoteQuestion question)
    {
        await Task.Yield();
        telemetry.Observed(await AskOne(question, CancellationToken.None));
    }
}
