using System.Runtime.CompilerServices;
using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Sketches;
using Backstop.Core.Inputs;
using Backstop.Core.Routing;
using Backstop.Gateway.Signals;
using Backstop.Gateway.Tests.Harness;
using Microsoft.Extensions.Time.Testing;

namespace Backstop.Gateway.Tests.Signals;

public sealed class SignalRecorderTests
{
    private static readonly Route Route = new()
    {
        Alias = "assistant:prod", Epoch = 1, Generation = 1, Current = "digest", Salt = "salt", LabelDeadline = TimeSpan.FromSeconds(5),
    };

    private readonly FakeTimeProvider _time = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly SignalRecorder _signals;
    private readonly AliasSums _sums;

    public SignalRecorderTests()
    {
        _signals = new(new() { AnswerDeadline = TimeSpan.FromSeconds(10) }, _time);
        _sums = _signals.Of(Route.Alias);
    }

    [Fact]
    public void A_label_after_its_deadline_is_refused()
    {
        Answer(Ask("one"));
        _time.Advance(TimeSpan.FromSeconds(16));
        Assert.NotEmpty(_signals.Told());

        Assert.False(_signals.Labelled("one", correct: true, expected: null));
    }

    [Fact]
    public void An_answer_that_never_comes_is_late_in_the_counts_and_holds_nothing_up()
    {
        Ask("one");
        _time.Advance(TimeSpan.FromSeconds(11));
        var batch = Assert.Single(_signals.Told());

        var form = Assert.Single(batch.Epochs, e => e.Group == (int)EvidenceGroup.Form);
        Assert.Equal(1, form.Cells.Single().Outcomes[(int)Outcome.Late]);
    }

    [Fact]
    public void A_second_ending_of_one_request_changes_nothing()
    {
        var request = Ask("one");
        Answer(request);
        _signals.Answered(request, attack: false, Outcome.Error, Served.Failed, sample: null);
        _time.Advance(TimeSpan.FromSeconds(1));
        var form = Assert.Single(_signals.Told().Single().Epochs, e => e.Group == (int)EvidenceGroup.Form);

        Assert.Equal(1, form.Cells.Single().Outcomes.Sum());
        Assert.Equal(1, form.Cells.Single().Outcomes[(int)Outcome.Unlabelled]);
    }

    [Fact]
    public void Who_comes_back_after_its_request_was_settled_does_not_touch_the_request_that_has_its_place_now()
    {
        var first = Ask("one");
        _signals.Answered(first, attack: false, Outcome.Error, Served.Failed, sample: null);
        var second = Ask("two");
        _signals.Answered(first, attack: false, Outcome.ToxicBlocked, Served.Failed, sample: null);
        Answer(second);
        _time.Advance(TimeSpan.FromSeconds(1));
        var form = Assert.Single(_signals.Told().Single().Epochs, e => e.Group == (int)EvidenceGroup.Form).Cells.Single();

        Assert.Equal(1, form.Outcomes[(int)Outcome.Error]);
        Assert.Equal(1, form.Outcomes[(int)Outcome.Unlabelled]);
        Assert.Equal(2, form.Outcomes.Sum());
        Assert.True(_signals.Labelled("two", correct: true, expected: null));
    }

    [Fact]
    public void Observing_a_request_leaves_nothing_to_the_garbage_collector()
    {
        string[] ids = [.. Enumerable.Range(0, 500).Select(i => $"request-{i}")];
        Assert.Equal(0, LeastAllocated(runs: 2000, () => Observe(ids)));
    }

    [Fact]
    public void A_batch_is_as_long_for_a_hundred_thousand_requests_as_for_a_hundred()
    {
        // The first tells of units that were not there before, in a sketch of bounded size however many there are.
        Assert.InRange(BytesOf(100_000), 1, HllFormat.Size + 300);
        Assert.InRange(BytesOf(100_000), 1, BytesOf(100) + 40);

        int BytesOf(int requests)
        {
            Observe([.. Enumerable.Range(0, requests).Select(i => $"request-{i}")]);
            _time.Advance(TimeSpan.FromSeconds(1));
            return _signals.Collect().Single().Bytes.Length;
        }
    }

    [Fact]
    public void Very_many_aliases_fill_several_batches_of_which_each_fits_into_a_message()
    {
        const int Aliases = 5_000, Default = 4 << 20;
        for (var i = 0; i < 20 * Aliases; i++)
        {
            var route = Route with { Alias = $"assistant-{i % Aliases}:prod" };
            var request = _signals.Assigned($"request-{i}", _signals.Of(route.Alias), route, new(Arm.Baseline, "digest") { BaselineUnit = (ulong)i }, isEvidence: true);
            _signals.Started(_signals.Of(route.Alias), "digest");
            _signals.Spoke(_signals.Of(route.Alias), hash: 1, recognised: null);
            _signals.Answered(request, attack: false, Outcome.Error, Served.Failed, sample: null);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        var batches = _signals.Told().ToList();
        Assert.All(batches, batch => Assert.InRange(batch.CalculateSize(), 1, Default / 2));
        Assert.Equal(Enumerable.Range(1, batches.Count).Select(i => (ulong)i), batches.Select(batch => batch.Sequence));
        Assert.Equal(2 * Aliases, batches.SelectMany(batch => batch.Epochs).Select(e => (e.Alias, e.Group)).Distinct().Count());
        Assert.Equal(20 * Aliases, batches.SelectMany(batch => batch.Started).Sum(started => started.Count));
        Assert.All((int[])[batches.Sum(batch => batch.Units.Count), batches.Sum(batch => batch.Inputs.Count)], told => Assert.Equal(Aliases, told));
        Assert.Empty(_signals.Told());
    }

    [Fact]
    public void Units_are_told_at_once_when_they_have_doubled_and_else_within_five_seconds()
    {
        var units = 0UL;
        Assert.InRange(Assert.Single(ToldAfter(news: 100, seconds: 0.25)), 90, 110);
        Assert.Empty(ToldAfter(news: 20, seconds: 0.25));
        Assert.Empty(ToldAfter(news: 20, seconds: 4.5));
        Assert.InRange(Assert.Single(ToldAfter(news: 0, seconds: 0.5)), 126, 154);
        Assert.Empty(ToldAfter(news: 0, seconds: 10));
        Assert.InRange(Assert.Single(ToldAfter(news: 400, seconds: 0.25)), 486, 594);

        IEnumerable<double> ToldAfter(int news, double seconds)
        {
            for (var end = units + (ulong)news; units < end; units++)
            {
                var request = _signals.Assigned($"request-{units}", _sums, Route, new(Arm.Baseline, "digest") { BaselineUnit = units }, isEvidence: true);
                _signals.Answered(request, attack: false, Outcome.Error, Served.Failed, sample: null);
            }

            _time.Advance(TimeSpan.FromSeconds(seconds));
            return [.. _signals.Told().SelectMany(batch => batch.Units).Select(told => HllFormat.Read(told.Sketch.Span).Estimate())];
        }
    }

    [Fact]
    public void Of_two_requests_with_one_id_the_later_one_takes_the_label_and_the_earlier_one_does_not_take_it_away()
    {
        var first = Ask("one");
        var second = Ask("one");
        Answer(second);
        _signals.Answered(first, attack: false, Outcome.Error, Served.Failed, sample: null);

        Assert.True(_signals.Labelled("one", correct: true, expected: null));
        Assert.False(_signals.Labelled("one", correct: true, expected: null));
    }

    [Fact]
    public void A_label_for_an_answer_that_turns_out_blocked_is_taken_and_changes_nothing()
    {
        var request = Ask("one");
        Assert.True(_signals.Labelled("one", correct: true, expected: null));
        _signals.Answered(request, attack: false, Outcome.ToxicBlocked, Served.SafeText, sample: null);
        _time.Advance(TimeSpan.FromSeconds(1));
        var quality = Assert.Single(_signals.Told().Single().Epochs, e => e.Group == (int)EvidenceGroup.Quality);

        Assert.Equal(1, quality.Cells.Single().Outcomes[(int)Outcome.ToxicBlocked]);
        Assert.Equal(0, quality.Cells.Single().Outcomes[(int)Outcome.Correct]);
    }

    [Fact]
    public void Each_of_very_many_answers_waits_for_its_own_label_until_its_time_is_over()
    {
        string[] ids = [.. Enumerable.Range(0, 5_000).Select(i => i % 2 == 0 ? $"request-{i}" : $"{i:x32}")];
        foreach (var id in ids)
        {
            Answer(Ask(id));
            _time.Advance(TimeSpan.FromMilliseconds(2));
        }

        // Ten seconds: the first third waits no longer than seven more.
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.NotEmpty(_signals.Told());
        var waiting = Array.ConvertAll(ids, id => _signals.Labelled(id, correct: true, expected: null));

        Assert.InRange(Array.IndexOf(waiting, true), 1_400, 1_600);
        Assert.All(waiting[Array.IndexOf(waiting, true)..], Assert.True);
        Assert.All(ids, id => Assert.False(_signals.Labelled(id, correct: true, expected: null)));
        Assert.False(_signals.Labelled("request-of-somebody-else", correct: true, expected: null));
    }

    [Fact]
    public void A_label_counts_for_the_request_that_it_names_and_for_no_other()
    {
        string[] arms = ["one", "two", "three"];
        Answer(_signals.Assigned(arms[0], _sums, Route, new(Arm.Baseline, "digest"), isEvidence: true));
        Answer(_signals.Assigned(arms[1], _sums, Route, new(Arm.Candidate, "digest"), isEvidence: true));
        Answer(_signals.Assigned(arms[2], _sums, Route, new(Arm.Holdback, "digest"), isEvidence: false));
        Assert.All(arms, id => Assert.True(_signals.Labelled(id, correct: id == "one", expected: null)));
        _time.Advance(TimeSpan.FromSeconds(1));
        var cells = Assert.Single(_signals.Told().Single().Epochs, e => e.Group == (int)EvidenceGroup.Quality).Cells;

        Assert.Equal(1, Assert.Single(cells, cell => cell.Arm == (int)Arm.Baseline).Outcomes[(int)Outcome.Correct]);
        Assert.Equal(1, Assert.Single(cells, cell => cell.Arm == (int)Arm.Candidate).Outcomes[(int)Outcome.Wrong]);
        Assert.Equal(2, cells.Sum(cell => cell.Outcomes.Sum()));
    }

    [Fact]
    public void An_answer_that_took_its_label_does_not_pass_the_next_one_on_to_an_earlier_request_of_its_id()
    {
        Answer(Ask("one"));
        Answer(Ask("one"));

        Assert.True(_signals.Labelled("one", correct: true, expected: null));
        Assert.False(_signals.Labelled("one", correct: true, expected: null));
    }

    [Fact]
    public void Waiting_for_labels_leaves_nothing_to_the_garbage_collector_once_as_many_wait_as_come()
    {
        string[] ids = [.. Enumerable.Range(0, 3_000).Select(i => $"request-{i}")];
        var least = LeastAllocated(
            runs: 200,
            () => Array.ForEach(ids, id => Answer(Ask(id))),
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(8));
                Assert.NotEmpty(_signals.Told());
            });

        Assert.Equal(0, least);
    }

    [Fact]
    public void Aliases_that_are_asked_in_turn_leave_nothing_to_the_garbage_collector_until_they_are_told()
    {
        Route[] routes = [.. Enumerable.Range(0, 100).Select(i => Route with { Alias = $"assistant-{i}:prod" })];
        var least = LeastAllocated(
            runs: 200,
            () => Array.ForEach(routes, route =>
            {
                _signals.Spoke(_signals.Of(route.Alias), hash: 1, recognised: null);
                var request = _signals.Assigned("request", _signals.Of(route.Alias), route, new(Arm.Baseline, "digest"), isEvidence: true);
                _signals.Started(_signals.Of(route.Alias), "digest");
                Answer(request);
            }),
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(8));
                Assert.NotEmpty(_signals.Told());
            });

        Assert.Equal(0, least);
    }

    [Fact]
    public void Telling_of_an_alias_costs_the_garbage_collector_the_bytes_that_are_sent_and_little_more()
    {
        // The name of what the request spoke, as it is counted, is an object for now.
        const int MostBesideWhatIsSent = 150;
        Route[] routes = [.. Enumerable.Range(0, 500).Select(i => Route with { Alias = $"assistant-{i}:prod" })];
        var (sums, sent) = (Array.ConvertAll(routes, route => _signals.Of(route.Alias)), 0L);
        Count();
        var least = LeastAllocated(runs: 200, () => sent = _signals.Collect().Sum(batch => (long)batch.Bytes.Length), Count);
        Assert.InRange((least - sent) / routes.Length, 0, MostBesideWhatIsSent);

        void Count()
        {
            for (var i = 0; i < routes.Length; i++)
            {
                _signals.Spoke(sums[i], hash: 1, recognised: null);
                var request = _signals.Assigned("request", sums[i], routes[i], new(Arm.Baseline, "digest"), isEvidence: true);
                _signals.Started(sums[i], "digest");
                _signals.Answered(request, attack: false, Outcome.Unlabelled, Served.Unlabelled, sample: null, latency: TimeSpan.FromSeconds(1));
            }

            _time.Advance(TimeSpan.FromSeconds(8));
        }
    }

    [Fact]
    public async Task What_is_counted_while_a_batch_is_written_is_told_once()
    {
        const int Threads = 4, Requests = 20_000;
        var recording = Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < Requests; i++)
            {
                var route = Route with { Alias = $"assistant-{i % 700}:prod" };
                var sums = _signals.Of(route.Alias);
                var request = _signals.Assigned($"{thread}-{i}", sums, route, new(Arm.Baseline, "digest"), isEvidence: true);
                _signals.Started(sums, "digest");
                _signals.Answered(request, attack: false, Outcome.Error, Served.Failed, sample: null, latency: TimeSpan.FromMilliseconds(i % 100));
                if (i % 50 == 0)
                {
                    _time.Advance(TimeSpan.FromMilliseconds(5));
                }
            }
        })));

        List<Backstop.Protocol.SignalBatch> told = [];
        while (!recording.IsCompleted)
        {
            told.AddRange(_signals.Told());
        }

        await recording;
        _time.Advance(TimeSpan.FromSeconds(20));
        told.AddRange(_signals.Told());

        Assert.Equal(Threads * Requests, told.SelectMany(batch => batch.Started).Sum(started => started.Count));
        Assert.All(Enum.GetValues<EvidenceGroup>(), group => Assert.Equal(
            Threads * Requests,
            told.SelectMany(batch => batch.Epochs).Where(e => e.Group == (int)group).SelectMany(e => e.Cells).Sum(cell => cell.Outcomes[(int)Outcome.Error])));
        Assert.Equal(Threads * Requests, told.SelectMany(batch => batch.Epochs).SelectMany(e => e.Latencies).Sum(bins => bins.Counts.Sum()));
        Assert.Equal(Enumerable.Range(1, told.Count).Select(i => (ulong)i), told.Select(batch => batch.Sequence));
    }

    [Fact]
    public void An_alias_that_rested_for_minutes_is_counted_again()
    {
        for (var i = 0; i < 3; i++)
        {
            Observe(["one"]);
            _time.Advance(TimeSpan.FromSeconds(1));
            var batch = Assert.Single(_signals.Told());
            Assert.Equal(1, Assert.Single(batch.Epochs, e => e.Group == (int)EvidenceGroup.Form).Cells.Single().Outcomes.Sum());
            Assert.Equal(1, Assert.Single(batch.Started).Count);
            _time.Advance(TimeSpan.FromMinutes(2));
            Assert.Empty(_signals.Told());
        }
    }

    [Fact]
    public void An_alias_that_is_gone_is_forgotten_once_all_that_it_counted_was_delivered()
    {
        var gone = AskOnce("gone:prod");
        Assert.True(IsAlive(gone), "What it counted was not delivered yet.");
        Assert.Equal("gone:prod", Assert.Single(_signals.Told().SelectMany(batch => batch.Started)).Alias);
        Assert.False(IsAlive(gone), "Nobody needs it any more.");
        Assert.Same(_sums, _signals.Of(Route.Alias));

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference AskOnce(string alias)
        {
            var sums = _signals.Of(alias);
            _signals.Started(sums, "digest");
            return new(sums);
        }

        static bool IsAlive(WeakReference sums)
        {
            GC.Collect();
            return sums.IsAlive;
        }
    }

    [Fact]
    public void What_requests_bring_is_told_by_the_bucket_in_which_they_came_and_by_release()
    {
        string[] releases = ["old", "new", "old"];
        foreach (var release in releases)
        {
            _signals.Spoke(_sums, hash: 1, recognised: null);
            _signals.Spoke(_sums, hash: null, recognised: null);
            _signals.Spoke(_sums, hash: 1, recognised: null);
            _signals.Brought(_sums, new(InputSignal.RetrievalEmpty, "", 1, 1));
            _signals.Started(_sums, release);
            _time.Advance(TimeSpan.FromSeconds(5));
        }

        var batch = Assert.Single(_signals.Told());
        Assert.Equal([("old", 2), ("new", 1)], batch.Started.Select(s => (s.Release, s.Count)));
        Assert.All(batch.Started, s => Assert.True(s.LastMs - s.FirstMs == (s.Count - 1) * 10_000));
        foreach (var bucket in batch.Inputs.GroupBy(i => i.Bucket))
        {
            Assert.Equal(
                [(InputSignal.PromptFingerprint, "0000000000000001", 2L), (InputSignal.PromptFingerprint, PromptFingerprint.None, 1), (InputSignal.RetrievalEmpty, "", 1)],
                bucket.Select(i => ((InputSignal)i.Signal, i.What, i.N)).Order());
        }

        Assert.Equal(3, batch.Inputs.Select(i => i.Bucket).Distinct().Count());
        Assert.Empty(_signals.Told());
    }

    // The least of many runs: code is compiled and places are made in the first.
    private static long LeastAllocated(int runs, Action work, Action? between = null)
    {
        var least = long.MaxValue;
        for (var run = 0; run < runs && least > 0; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            work();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            between?.Invoke();
        }

        return least;
    }

    private void Observe(string[] ids)
    {
        foreach (var id in ids)
        {
            var request = Ask(id);
            _signals.Started(_sums, "digest");
            _signals.Answered(request, attack: false, Outcome.Error, Served.Failed, sample: null);
        }
    }

    private PendingRequest Ask(string id) => _signals.Assigned(id, _sums, Route, new(Arm.Baseline, "digest"), isEvidence: true);

    private void Answer(PendingRequest request) =>
        _signals.Answered(request, attack: false, Outcome.Unlabelled, Served.Unlabelled, sample: null);
}
