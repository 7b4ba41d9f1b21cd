using System.Text.Json.Nodes;
using Backstop.Control.Gates.Outside;
using Backstop.Core.Gates;
using Backstop.Core.Gates.Outside;

namespace Backstop.Control.Tests.Gates;

/// <summary>Checks that others make, with real programs and real servers: a verdict counts, and whatever breaks is neither a pass nor a failure.</summary>
public sealed class OutsideCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backstop-checks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""echo '{"pass": true}'""", "passed")]
    [InlineData("""echo '{"pass": false}'""", "failed")]
    [InlineData("""grep -q '"answer":"Paris"' && echo '{"pass": true}' || echo '{"pass": false}'""", "passed")]
    [InlineData("""cat >/dev/null; echo '{"score": 0.71}'""", "passed")]
    [InlineData("""cat >/dev/null; echo '{"score": 0.69}'""", "failed")]
    [InlineData("""exit 0""", "grade gave no verdict")]
    [InlineData("""echo '{"pass": "yes"}'""", "grade gave no verdict")]
    [InlineData("""echo '{"pass": true}'; echo 'Traceback' >&2; echo 'KeyError: amount' >&2; exit 1""", "grade ended with 1: KeyError: amount")]
    [InlineData("""head -c 100000 /dev/zero""", "grade wrote more than 65536 bytes")]
    public async Task A_program_that_says_so_passes_or_fails_an_answer_and_nothing_else_does(string script, string outcome)
    {
        Assert.StartsWith(outcome, Word(await Score(Program(script))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_never_ends_is_ended_with_all_that_it_started()
    {
        var check = Program("""sleep 600 & echo $! > child; wait""") with { Timeout = TimeSpan.FromSeconds(1) };

        Assert.Equal("grade said nothing within 1 s", Word(await Score(check)));

        var child = int.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "child"), TestContext.Current.CancellationToken));
        Assert.True(await IsGone(child), $"process {child} still runs");
    }

    [Fact]
    public async Task What_a_model_answers_is_data_to_a_program_and_never_a_command()
    {
        var answer = $"\"; touch {_folder}/owned; $(touch {_folder}/owned) `touch {_folder}/owned` | touch {_folder}/owned\n";
        var check = Program("""cat > seen; echo '{"pass": true}'""") with { Program = ["./grade", answer] };

        Assert.Equal("passed", Word(await Score(check, answer)));

        Assert.False(File.Exists(Path.Combine(_folder, "owned")));
        Assert.Equal(answer, (string?)JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "seen"), TestContext.Current.CancellationToken))!["answer"]);
    }

    [Fact]
    public async Task A_program_that_is_not_there_leaves_the_answer_unknown() =>
        Assert.StartsWith("grade cannot be started", Word(await Score(Program("") with { Program = ["./nowhere"] })), StringComparison.Ordinal);

    [Fact]
    public async Task A_service_is_asked_with_its_key_and_is_believed_when_it_answers()
    {
        await using var service = await Judging.Start(context => context.Request.Headers.Authorization == "Bearer s3cret" ? (200, """{"score": 0.9}""") : (401, "{}"));
        Environment.SetEnvironmentVariable("OUTSIDE_CHECK_KEY", "s3cret");
        var check = new OutsideCheck.Http("polite", TimeSpan.FromSeconds(30), service.Url, "OUTSIDE_CHECK_KEY", AtLeast: 0.8);

        Assert.Equal("passed", Word(await Score(check)));
        Assert.Equal("failed", Word(await Score(check with { AtLeast = 0.95 })));
        Assert.EndsWith(" answered 401", Word(await Score(check with { KeyVariable = null })), StringComparison.Ordinal);
        Assert.Equal("Capital of France?", (string?)service.Bodies[0]["messages"]![0]!["content"]);
        Assert.Equal("Paris", (string?)service.Bodies[0]["answer"]);
    }

    [Fact]
    public async Task A_service_that_is_silent_or_endless_leaves_the_answer_unknown()
    {
        await using var endless = await Judging.Start(_ => (200, new string(' ', 2_000_000)));
        var check = new OutsideCheck.Http("polite", TimeSpan.FromSeconds(30), endless.Url, null, null);

        Assert.StartsWith("polite: ", Word(await Score(check)), StringComparison.Ordinal);
        Assert.StartsWith("polite: ", Word(await Score(check with { Address = new("http://127.0.0.1:9/") })), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_judge_that_agrees_with_people_judges_by_the_pinned_model_alone()
    {
        await using var model = await Judging.Start(_ => default, asked => asked.Contains("Paris", StringComparison.Ordinal));
        var judge = Judge(model.Url, anchors: 20);
        using var scorers = new OutsideScorers(_folder, concurrency: 4);

        var agreement = Assert.Single(await scorers.Calibrate(SuiteWith(judge), TestContext.Current.CancellationToken));

        Assert.Equal((20, 20, 20, 20), (agreement.Good, agreement.PassedGood, agreement.Bad, agreement.FailedBad));
        Assert.Equal(0.8609, agreement.FailsBad, 0.0001);
        Assert.True(agreement.Holds);
        Assert.Equal("passed", Word(await Score(judge)));
        Assert.Equal("failed", Word(await Score(judge, "Rome")));
        Assert.Equal("judge asked judge-9 and judge-1 answered: pin that model, and calibrate it", Word(await Score(judge with { Model = "judge-9" })));
    }

    [Fact]
    public async Task A_judge_that_passes_everything_is_not_believed_however_many_anchors_are_good()
    {
        await using var model = await Judging.Start(_ => default, _ => true);
        using var scorers = new OutsideScorers(_folder, concurrency: 4);
        var judge = Judge(model.Url, anchors: 20);

        var agreement = Assert.Single(await scorers.Calibrate(SuiteWith(judge with { Anchors = [.. judge.Anchors, .. judge.Anchors.Where(a => a.Passes)] }), TestContext.Current.CancellationToken));

        Assert.Equal((40, 40, 20, 0), (agreement.Good, agreement.PassedGood, agreement.Bad, agreement.FailedBad));
        Assert.False(agreement.Holds);
    }

    private async Task<RunOutcome> Score(OutsideCheck check, string answer = "Paris")
    {
        using var scorers = new OutsideScorers(_folder, concurrency: 1);
        return await scorers.Score([check], Question(answer), TestContext.Current.CancellationToken);
    }

    private static OutsideQuestion Question(string answer) => new("fr", [new("user", "Capital of France?")], ["Paris"], ModelAnswer.Of(answer));

    private OutsideCheck.Command Program(string script)
    {
        var path = Path.Combine(_folder, "grade");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return new("grade", TimeSpan.FromSeconds(30), ["./grade"], AtLeast: 0.7);
    }

    private static OutsideCheck.Judge Judge(Uri url, int anchors) => new(
        "judge", TimeSpan.FromSeconds(30), url, "judge-1", "It names the right city.", null,
        [.. Enumerable.Range(0, anchors).SelectMany(_ => new[] { new Anchor(Question("Paris"), true), new Anchor(Question("Rome"), false) })], 0.8);

    private static Suite SuiteWith(OutsideCheck check) => new() { Id = "s", Digest = "", Cases = [], Rule = new() { Runs = 1, FailIfMoreThan = 0 }, Outside = [check] };

    private static string Word(RunOutcome outcome) => outcome switch { RunOutcome.Passed => "passed", RunOutcome.Failed => "failed", RunOutcome.Unknown unknown => unknown.Reason, _ => "" };

    private static async Task<bool> IsGone(int process)
    {
        for (var i = 0; i < 200; i++)
        {
            // A process that nobody has waited for yet is over too.
            var stat = $"/proc/{process}/stat";
            if (!File.Exists(stat) || (await File.ReadAllTextAsync(stat)).Split(") ")[^1][0] == 'Z')
            {
                return true;
            }

            await Task.Delay(50);
        }

        return false;
    }
}
