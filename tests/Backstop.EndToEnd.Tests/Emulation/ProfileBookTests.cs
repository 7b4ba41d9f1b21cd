using Backstop.Emulation;

namespace Backstop.EndToEnd.Tests.Emulation;

public class ProfileBookTests
{
    [Theory]
    [InlineData("slow:\n  base: v7\n  latency_median_ms: 500\n  latency_p99_ms: 2000\n")]
    [InlineData("""{"slow": {"base": "v7", "latency_median_ms": 500, "latency_p99_ms": 2000}}""")]
    public void A_file_adds_profiles_that_start_from_known_ones(string text)
    {
        var book = new ProfileBook();

        Assert.Equal(["slow"], book.Read(text));
        Assert.Equal(EmulatorProfile.V7 with { Name = "slow", LatencyMedianMs = 500, LatencyP99Ms = 2000 }, book.Find("slow"));
    }

    [Fact]
    public void A_built_in_profile_can_be_changed_by_its_name()
    {
        var book = new ProfileBook();
        book.Read("v8: { accuracy: 0.9 }");

        Assert.Equal(EmulatorProfile.V8 with { Accuracy = 0.9 }, book.Find("v8"));
    }

    [Theory]
    [InlineData("slow: { acuracy: 0.9 }", "acuracy")]
    [InlineData("slow: { accuracy: 9 }", "accuracy must be from 0 to 1")]
    [InlineData("slow: { base: v9 }", "no profile 'v9'")]
    [InlineData("- slow", "line 1")]
    public void A_mistake_in_a_file_is_named(string text, string named)
    {
        var mistake = Assert.Throws<FormatException>(() => new ProfileBook().Read(text));

        Assert.Contains(named, mistake.Message, StringComparison.Ordinal);
    }
}
