using Backstop.Core.Gates;

namespace Backstop.Core.Tests.Gates;

/// <summary>A result that an alias requires: it must be there, of the right suite, a pass, and fresh.</summary>
public sealed class RequiredGateTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly RequiredGate Gate = new("refunds", null, TimeSpan.FromHours(24));

    private static readonly SuiteResult Pass = new()
    {
        Gate = "refunds", GateDigest = "sha256:a", Release = "sha256:r", Counts = new(100, 3, 0), FailIfMoreThan = 13, At = Now.AddHours(-23), Actor = "ci",
    };

    [Fact]
    public void A_fresh_pass_of_the_suite_is_enough()
    {
        Assert.Null(Gate.Objection("v8", Pass, Now));
        Assert.Null((Gate with { Digest = "sha256:a" }).Objection("v8", Pass, Now));
    }

    [Fact]
    public void Whatever_else_there_is_is_not_and_the_objection_says_what_to_run()
    {
        Refuses("there is none", Gate, null);
        Refuses("of another version of the suite (sha256:a)", Gate with { Digest = "sha256:b" }, Pass);
        Refuses("it failed: 14 of 100 answers, 13 may", Gate, Pass with { Counts = new(100, 14, 0) });
        Refuses("11 of 100 answers are missing", Gate, Pass with { Counts = new(100, 3, 11) });
        Refuses("8 cases worse and 0 better than before", Gate, Pass with { Paired = new(8, 0) });
        Refuses("8 of 100 answers are missing", Gate, Pass with { Counts = new(100, 3, 8), Paired = new(0, 0) { Unknown = 8 } });
        Refuses("is of 2026-11-26 11:59Z and may be 24 h old", Gate, Pass with { At = Now.AddHours(-24).AddMinutes(-1) });
    }

    private static void Refuses(string why, RequiredGate gate, SuiteResult? last)
    {
        var objection = gate.Objection("v8", last, Now);

        Assert.Contains(why, objection, StringComparison.Ordinal);
        Assert.EndsWith("Run 'backstop gate run FOLDER --release v8 --record' with the folder of refunds", objection, StringComparison.Ordinal);
    }
}
