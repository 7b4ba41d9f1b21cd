using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;
using Backstop.Gateway.Guards;
using Microsoft.Extensions.DependencyInjection;

namespace Backstop.Gateway.Tests.Guards;

/// <summary>A classifier in a file is asked like a guard outside, whatever becomes of it. What runs it is scripted here.</summary>
public sealed class ModelShelfTests
{
    private readonly ScriptedRuntime _runtime = new();

    [Theory]
    [InlineData("timeout", CheckFailure.Timeout)]
    [InlineData("throw", CheckFailure.Error)]
    [InlineData("nan", CheckFailure.Error)]
    [InlineData("few", CheckFailure.Error)]
    [InlineData("auth", CheckFailure.Error)]
    public async Task A_model_that_gives_no_answer_has_the_outcome_of_its_failure(string does, CheckFailure failure)
    {
        _runtime.Score = (_, left) => does switch
        {
            "timeout" => left.WaitHandle.WaitOne() ? throw new OperationCanceledException(left) : [],
            "throw" => throw new InvalidOperationException("the text itself"),
            "nan" => [[0, float.NaN]],
            "few" => [[0]],
            _ => throw new UnauthorizedAccessException(),
        };
        var key = failure == CheckFailure.Timeout ? "on_timeout" : "on_error";
        using var guards = Guards();
        var passed = await Screen(guards, Policy($""" "timeout_ms":{(does == "timeout" ? 50 : 60_000)},"{key}":"pass_flagged", """));
        Assert.True(passed.PassedUnchecked);
        Assert.Equal(failure, passed.Errors.Single().Failure);
        Assert.DoesNotContain("the text itself", passed.Errors.Single().Reason, StringComparison.Ordinal);
        Assert.Equal(Disposition.Block, (await Screen(guards, Policy(""" "timeout_ms":50, """))).Disposition);
    }

    [Fact]
    public async Task Texts_do_not_wait_for_a_model_that_loads_longer_than_they_may()
    {
        var go = new ManualResetEventSlim();
        _runtime.Loading = go.Wait;
        using var guards = Guards();
        Assert.Equal(CheckFailure.Timeout, (await Screen(guards, Policy(""" "timeout_ms":50, """))).Errors.Single().Failure);
        go.Set();
        Assert.Empty((await Screen(guards, Policy(""" "timeout_ms":60000, """))).Errors);
        Assert.Equal(1, _runtime.Loads);
    }

    [Fact]
    public async Task Releases_that_name_the_same_model_share_it_until_the_last_of_them_is_gone()
    {
        var shelf = Shelf();
        var (one, other) = (GuardPolicy.Parse(Policy("")), GuardPolicy.Parse(Policy(""" "threshold":0.9, """)));
        shelf.Follow([one, other]);
        shelf.Follow([other]);
        using var guards = new OutsideGuards(Telemetry(), TimeProvider.System, shelf);
        Assert.Empty((await Screen(guards, Policy(""" "timeout_ms":60000, """))).Errors);
        Assert.Equal(1, _runtime.Loads);
        shelf.Follow([]);
        Assert.Empty((await Screen(guards, Policy(""" "timeout_ms":60000, """))).Errors);
        Assert.Equal(2, _runtime.Loads);
    }

    [Fact]
    public async Task The_worst_window_decides()
    {
        _runtime.Score = (_, _) => [[9, 0], [0, 2], [9, 0]];
        using var guards = Guards();
        var finding = Assert.Single((await Screen(guards, Policy(""))).Findings);
        Assert.Equal(("onnx/malicious", 0.8808), (finding.Category, Math.Round(finding.Score, 4)));
    }

    private static string Policy(string use) => $$$$"""
        {"models":{"m":{"path":"m.onnx","sha256":"{{{{new string('0', 64)}}}}","tokenizer":{"path":"m.txt","sha256":"{{{{new string('0', 64)}}}}"},"labels":["benign","malicious"]}},
         "stages":{"input":{"checks":[{"use":"onnx",{{{{use}}}} "with":{"model":"m"} }]} } }
        """;

    private ModelShelf Shelf() => new([], _ => [], () => _runtime);

    private OutsideGuards Guards() => new(Telemetry(), TimeProvider.System, Shelf());

    private static GuardTelemetry Telemetry() =>
        new(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());

    private static async Task<Ruling> Screen(OutsideGuards guards, string policy) => await guards.Screen(
        Ring.Compile(GuardPolicy.Parse(policy)).Open(RingContext.None), [ScanUnit.Input("some text")], TestContext.Current.CancellationToken);

    private sealed class ScriptedRuntime : IModelRuntime, ILoadedModel
    {
        private int _loads;

        public Action Loading { get; set; } = () => { };

        public Func<string, CancellationToken, IReadOnlyList<float[]>> Score { get; set; } = (_, _) => [[1, 0]];

        public int Loads => _loads;

        public ILoadedModel Load(ModelGuard model, byte[] graph, byte[] tokenizer)
        {
            Interlocked.Increment(ref _loads);
            Loading();
            return this;
        }

        IReadOnlyList<float[]> ILoadedModel.Score(string text, CancellationToken left) => Score(text, left);
    }
}
