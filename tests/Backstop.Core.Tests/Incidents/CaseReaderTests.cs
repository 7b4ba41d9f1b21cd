using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;

namespace Backstop.Core.Tests.Incidents;

/// <summary>Cases come from other people's systems: what is wrong with one is said, what is merely unknown is left out.</summary>
public sealed class CaseReaderTests
{
    [Fact]
    public void A_whole_case_is_read()
    {
        var incident = CaseReader.Read(
            """
            {
              "id": "checkout", "severe": true, "release_differs": ["prompt"], "metadata": { "anything": 1 },
              "onset": { "at": "2026-11-20T12:00:00Z", "slow": false },
              "contrasts": [ { "name": "judged", "production": { "n": 360, "hits": 80 }, "holdback": { "n": 90, "hits": 6 }, "baseline": 0.06 } ],
              "signals": [ { "name": "latency", "before": { "n": 100, "mean": 1, "deviation": 0.2 }, "after": { "n": 100, "mean": 2, "deviation": 0.3 } } ],
              "changes": [ { "minutes_before_onset": 2, "parts": ["prompt"], "what": "refund prompt v12" } ],
              "truth": { "suspects": ["prompt"], "rollback_helps": true, "family": "edit" }
            }
            """);

        Assert.Equal("checkout", incident.Id);
        Assert.Equal(80, incident.Contrasts[0].Production.Hits);
        Assert.Equal(0.06, incident.Contrasts[0].Baseline!.Share, 1e-9);
        Assert.Equal(2, incident.Signals[0].After!.Mean);
        Assert.Equal(["prompt"], incident.Changes[0].Parts);
        Assert.Equal(TimeSpan.FromMinutes(2), incident.Onset!.At - incident.Changes[0].At);
        Assert.Equal([SuspectKind.Prompt], incident.Truth!.Suspects);
        Assert.Empty(incident.Notes);
    }

    [Theory]
    [InlineData("features.null_rate{feature=age}", "feature_nulls")]
    [InlineData("NullRate", "feature_nulls")]
    [InlineData("upstream_5xx", "provider_errors")]
    [InlineData("vector store timeouts", "retrieval_errors")]
    [InlineData("index_age_days", "retrieval_age")]
    [InlineData("system_fingerprint.unseen", "provider_identity")]
    [InlineData("json_parse_errors", "schema_failures")]
    [InlineData("prompt-template-hash", "prompt_fingerprint")]
    [InlineData("p95_latency_ms", "latency")]
    public void Other_peoples_names_are_read_by_their_words(string given, string expected)
    {
        var incident = CaseReader.Read($$"""{ "signals": [ { "name": "{{given}}", "moved": true } ] }""");

        Assert.Equal(expected, incident.Signals[0].Name);
        Assert.Contains($"'{given}' was read as {expected}", incident.Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_rate_of_the_good_is_turned_into_one_of_the_bad()
    {
        var incident = CaseReader.Read("""{ "signals": [ { "name": "judge_pass_rate", "before": { "n": 100, "rate": 0.9 }, "after": { "n": 50, "hits": 40 } } ] }""");

        Assert.Equal("judged", incident.Signals[0].Name);
        Assert.Equal((10, 10), (Math.Round(incident.Signals[0].Before!.Hits!.Value), incident.Signals[0].After!.Hits!.Value));
    }

    [Fact]
    public void Failures_that_are_counted_under_the_name_of_a_rate_of_the_good_stay_failures()
    {
        var incident = CaseReader.Read(
            """
            { "contrasts": [ { "name": "answer_quality", "production": { "n": 100, "hits": 30 }, "holdback": { "n": 100, "hits": 5 }, "baseline": 0.05 },
                             { "name": "pass_rate", "production": { "n": 100, "hits": 70 }, "holdback": { "n": 100, "hits": 95 }, "baseline": 0.95 } ] }
            """);

        Assert.All(incident.Contrasts, c => Assert.Equal((30, 5), (c.Production.Hits, c.Holdback.Hits)));
    }

    [Fact]
    public void A_signal_that_is_not_known_is_left_out_and_noted_unless_its_kind_is_told()
    {
        var incident = CaseReader.Read("""{ "signals": [ { "name": "zorb", "moved": true }, { "name": "wibble", "kind": "data", "z": 6 } ] }""");

        Assert.Equal("data", Assert.Single(incident.Signals).Name);
        Assert.Contains("'zorb' is not known", incident.Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_contrast_without_a_holdback_is_a_signal_before_and_after()
    {
        var incident = CaseReader.Read("""{ "contrasts": [ { "name": "judged", "production": { "n": 400, "hits": 80 }, "baseline": { "n": 4000, "hits": 240 } } ] }""");

        Assert.Empty(incident.Contrasts);
        Assert.Equal(80, incident.Signals[0].After!.Hits);
    }

    [Theory]
    [InlineData("""{"contrast":[]}""", "Did you mean 'contrasts'")]
    [InlineData("""{"signals":[{"name":"errors","before":{"n":1,"hits":2},"after":{"n":1,"hits":0}}]}""", "signals[0].before: 'hits' is from 0 to 'n'")]
    [InlineData("""{"signals":[{"name":"errors","before":{"n":9,"hits":1},"after":{"n":9,"mean":0,"deviation":1}}]}""", "both are means")]
    [InlineData("""{"signals":[{"name":"errors","before":{"n":9,"hits":1}}]}""", "needs 'before' and 'after'")]
    [InlineData("""{"signals":[{"name":"errors","before":{"n":9},"after":{"n":9,"hits":1}}]}""", "signals[0].before needs 'n' with 'hits'")]
    [InlineData("""{"contrasts":[{"name":"judged","production":{"n":10,"hits":1},"holdback":{"n":9,"hits":0},"baseline":6}]}""", "baseline is a share from 0 to 1")]
    [InlineData("""{"contrasts":[{"name":"judged","holdback":{"n":9,"hits":0}}]}""", "needs 'production'")]
    [InlineData("""{"onset":{"at":"yesterday"}}""", "onset.at must be a time")]
    [InlineData("""{"severe":"yes"}""", "severe must be true or false, not string")]
    [InlineData("""{"truth":{"suspects":["modle"]}}""", "Did you mean 'model'")]
    [InlineData("[]", "A case must be an object")]
    [InlineData("[", "not JSON")]
    public void What_makes_no_sense_is_refused_with_the_place(string json, string expected)
    {
        var error = Assert.Throws<FormatException>(() => CaseReader.Read(json));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
