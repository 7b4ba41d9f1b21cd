using System.Diagnostics.Metrics;
using Backstop.Core.Guards;
using Backstop.Gateway.Guards;
using Backstop.Gateway.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Gateway.Tests.Guards;

/// <summary>Checks that only take notes add nothing to the time of an answer: told by the order of events, not by a watch.</summary>
public sealed class NoteQueueTests
{
    private const string Abuse = "You are a worthless idiot and everyone hates you.";

    // Whoever counts what a note found is held up until the answer is there: were the note on the answer's way, neither would come.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_is_there_while_the_notes_on_it_are_not(bool stream)
    {
        var id = $"noted-{stream}";
        using var answered = new ManualResetEventSlim();
        var counted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listener = Listen("backstop.guard.findings", tags =>
        {
            if (tags.Contains(id))
            {
                answered.Wait();
                counted.TrySetResult();
            }
        });
        await using var fleet = await SmallFleet.Start(manifest: $$$"""{"guard_policy":{"stages":{"output":{"checks":[{"use":"toxicity","id":"{{{id}}}","mode":"shadow"},{"use":"pii","action":"fix"}]} } } }""");
        fleet.Seven.Answer = Answers.Chat(Abuse);
        var reply = await fleet.Gateway.Chat("Who am I?", stream);
        Assert.Equal(Abuse, stream ? reply.StreamedText : reply.Text);
        Assert.False(counted.Task.IsCompleted);
        answered.Set();
        await counted.Task.WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_does_not_fit_is_dropped_and_counted()
    {
        const string Id = "noted-queue";
        using var held = new ManualResetEventSlim();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (notes, dropped) = (0, 0);
        using var found = Listen("backstop.guard.findings", tags =>
        {
            if (tags.Contains(Id))
            {
                begun.TrySetResult();
                held.Wait();
                Interlocked.Increment(ref notes);
            }
        });
        using var telemetry = new GuardTelemetry(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());
        using var lost = Listen("backstop.guard.notes.dropped", _ => Interlocked.Increment(ref dropped));
        var queue = new NoteQueue(telemetry);
        queue.Offer(Noted(Id));
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(120), TestContext.Current.CancellationToken);
        for (var i = 0; i < NoteQueue.Most + 9; i++)
        {
            queue.Offer(Noted(Id));
        }

        Assert.Equal(10, dropped); // The one that is looked at has its place until it was looked at.
        held.Set();
        await Eventually.Is(() => Volatile.Read(ref notes), count => count == NoteQueue.Most);
    }

    private static RingSession Noted(string id)
    {
        var session = Ring.Compile(GuardPolicy.Parse($$$"""{"stages":{"output":{"checks":[{"use":"toxicity","id":"{{{id}}}","mode":"shadow"}]} } }"""))
            .Open(RingContext.None with { Later = [] });
        session.ScreenOutput(ScanUnit.Output(Abuse));
        return session;
    }

    private static MeterListener Listen(string instrument, Action<string> counted)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (published, listener) =>
            {
                if (published.Name == instrument)
                {
                    listener.EnableMeasurementEvents(published);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => counted(string.Join(' ', tags.ToArray().Select(tag => tag.Value))));
        listener.Start();
        return listener;
    }
}
