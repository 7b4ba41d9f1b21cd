using System.Net;
using System.Text.Json.Nodes;
using Backstop.Core.Evidence;
using Backstop.Core.Registry;
using Backstop.Core.Routing;
using Backstop.Gateway.Tests.Harness;

namespace Backstop.Gateway.Tests.Dialects;

/// <summary>A ranker behind an alias, asked over Open Inference, is served as a chat model is: one path, another way of writing.</summary>
public sealed class InferTests
{
    private const string Manifest = """{"serving":{"protocol":"open-inference"}}""";
    private const string Path = "/v2/models/assistant:prod/infer";

    private const string Numbers =
        """{ "id":"42", "inputs" : [ {"name":"user","shape":[1,2],"datatype":"FP64","data":[[0.10, 1e-7]]} ], "x": [1.50] }""";

    private const string Scores =
        """{"model_name":"tiny","model_version":"3","id":"42","outputs":[{"name":"score","shape":[1],"datatype":"FP32","data":[0.250]}] }""";

    [Theory]
    [InlineData(Path)]
    [InlineData("/v2/models/assistant%3Aprod/infer")]
    [InlineData("/v2/models/assistant%3aprod/infer")]
    public async Task A_question_and_its_answer_pass_byte_for_byte(string path)
    {
        await using var fleet = await SmallFleet.Start((old, _) => SmallFleet.Plain(old, generation: 12), Manifest);
        fleet.Seven.Answer = Answers.Json(200, Scores);
        var reply = await fleet.Gateway.Post(Numbers, path, id: "one");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal(Scores, reply.Body);
        Assert.Equal([Numbers], fleet.Seven.Asked);
        Assert.Equal(["POST /v2/models/tiny-v7/infer"], fleet.Seven.Targets);
        Assert.Equal(["one"], fleet.Seven.RequestIds);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Equal("12", reply.Headers["x-backstop-generation"]);
        Assert.Equal("one", reply.Headers["x-request-id"]);
        Assert.True((await fleet.Gateway.Feedback("one", correct: true)).Status is HttpStatusCode.Accepted);
        Assert.Equal(["Correct:Correct"], await Reported.Of(fleet, EvidenceGroup.Quality, 1));
    }

    [Theory]
    [InlineData("""{"inputs":[]}""", """{"parameters":{"temperature":0.25,"top_k":5},"inputs":[]}""")]
    [InlineData("""{"inputs":[],"parameters":{}}""", """{"inputs":[],"parameters":{"temperature":0.25,"top_k":5}}""")]
    [InlineData(
        """{"inputs":[], "parameters" : {"a":[1],"Temperature":2}}""",
        """{"inputs":[], "parameters" : {"top_k":5,"a":[1],"temperature":0.25}}""")]
    public async Task A_release_s_parameters_are_merged_into_the_request_s(string body, string asked)
    {
        await using var fleet = await SmallFleet.Start(
            manifest: """{"serving":{"protocol":"open-inference"},"parameters":{"temperature":0.25,"top_k":5},"prompt":{"system":"Be brief."}}""");
        fleet.Seven.Answer = Answers.Json(200, Scores);
        await fleet.Gateway.Post(body, Path);

        Assert.Equal([asked], fleet.Seven.Asked);
    }

    [Fact]
    public async Task Personal_data_is_taken_out_of_texts_on_both_ways_and_all_else_stays()
    {
        const string Body =
            """
            {"inputs":[{"name":"q","shape":[2,1],"data":[["Call ann@example.com"],["a\u0062"]],"datatype":"BYTES"},
            {"name":"n","shape":[1],"datatype":"INT64","data":[4111111111111111]}]}
            """;
        const string Answer =
            """{"outputs":[{"name":"s","datatype":"BYTES","shape":[2],"data":["fine","bob@example.com"]},{"name":"p","data":[0.50]}]}""";
        await using var fleet = await SmallFleet.Start(manifest:
            """
            {"serving":{"protocol":"open-inference"},"guard_policy":{"apiVersion":"backstop/v1","name":"careful","stages":{
              "input":{"checks":[{"use":"pii","action":"fix"}]},"output":{"checks":[{"use":"pii","action":"fix"}]}}}}
            """);
        fleet.Seven.Answer = Answers.Json(200, Answer);
        var reply = await fleet.Gateway.Post(Body, Path);

        Assert.Equal([Body.Replace("ann@example.com", "[EMAIL_ADDRESS]", StringComparison.Ordinal)], fleet.Seven.Asked);
        Assert.Equal(Answer.Replace("bob@example.com", "[EMAIL_ADDRESS]", StringComparison.Ordinal), reply.Body);
        Assert.Equal(["PiiBlocked:Unlabelled"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task A_text_that_is_stopped_is_asked_again_of_the_previous_release()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted, Manifest);
        fleet.Eight.Answer = Answers.Json(200, Text(Answers.Toxic));
        fleet.Seven.Answer = Answers.Json(200, Text("A good film."));
        var reply = await fleet.Gateway.Post(Numbers, Path);

        Assert.Equal(Text("A good film."), reply.Body);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Equal(["ToxicBlocked:Reasked"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task A_text_that_is_stopped_for_good_is_an_error_and_no_data()
    {
        await using var fleet = await SmallFleet.Start(manifest: Manifest);
        fleet.Seven.Answer = Answers.Json(200, Text(Answers.Toxic));
        var reply = await fleet.Gateway.Post(Numbers, Path);

        reply.IsInferenceError(HttpStatusCode.BadGateway, "output_blocked");
        Assert.Equal(["ToxicBlocked:SafeText"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    public static TheoryData<string, int> Failures => new()
    {
        { """{"error":"out of memory"}""", 500 },
        { """{"error":"no such model"}""", 404 },
        { """{"error":"quota"}""", 200 },
        { """{"outputs":5}""", 200 },
        { """{"outputs":[5]}""", 200 },
        { """{"outputs":[{"name":"s","parameters":{"binary_data_size":4}}]}""" + "abcd", 200 },
        { """{"outputs":[]} {}""", 200 },
        { "", 200 },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_candidate_that_fails_is_replaced_by_the_current_release(string body, int status)
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary, Manifest);
        fleet.Eight.Answer = Answers.Json(status, body);
        fleet.Seven.Answer = Answers.Json(200, Scores);
        var reply = await fleet.Gateway.Post(Numbers, Path);

        Assert.Equal(Scores, reply.Body);
        Assert.Equal(["Error:Reasked"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Theory]
    [InlineData("""{"error":"the shape must be [1,2]"}""", """{"error":"the shape must be [1,2]"}""")]
    [InlineData("shape!", """{"error":"The model server refused the request with status 400."}""")]
    public async Task What_a_model_server_says_about_the_question_is_no_mark_against_the_release(string said, string told)
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Promoted, Manifest);
        fleet.Eight.Answer = Answers.Json(400, said);
        var reply = await fleet.Gateway.Post(Numbers, Path);

        Assert.Equal(HttpStatusCode.BadRequest, reply.Status);
        Assert.Equal(told, reply.Body);
        Assert.Empty(fleet.Seven.Asked);
        Assert.Equal(["InputBlocked:Failed"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task A_candidate_that_speaks_another_protocol_fails_and_the_callers_do_not()
    {
        await using var fleet = await SmallFleet.Start(manifest: Manifest);
        fleet.Seven.Answer = Answers.Json(200, Scores);
        var (v7, v8) = (SmallFleet.Released("v7", fleet.Seven, Manifest), SmallFleet.Released("v8", fleet.Eight));
        await fleet.Control.PublishAndAwait(SmallFleet.Canary(v7, v8) with { Generation = 2 }, v8);
        var reply = await fleet.Gateway.Post(Numbers, Path);

        Assert.Equal(Scores, reply.Body);
        Assert.Empty(fleet.Eight.Asked);
        Assert.Equal(["Error:Reasked"], await Reported.Of(fleet, EvidenceGroup.Form, 1));
    }

    [Fact]
    public async Task When_no_replica_is_there_the_error_says_so()
    {
        await using var fleet = await SmallFleet.Start(manifest: Manifest);
        await fleet.Seven.DisposeAsync();

        (await fleet.Gateway.Post(Numbers, Path)).IsInferenceError(HttpStatusCode.ServiceUnavailable, "no_warm_release");
    }

    [Fact]
    public async Task An_alias_is_described_under_its_own_name_by_the_release_it_serves()
    {
        await using var fleet = await SmallFleet.Start(SmallFleet.Canary, Manifest);
        fleet.Seven.Answer = Answers.Json(200, """{"name":"tiny-v7","versions":["3"],"platform":"onnx","inputs":[{"name":"q","shape":[-1],"datatype":"BYTES"}]}""");
        var reply = await Get(fleet, "/v2/models/assistant:prod");

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.Equal("""{"name":"assistant:prod","platform":"onnx","inputs":[{"name":"q","shape":[-1],"datatype":"BYTES"}]}""", reply.Body);
        Assert.Equal("v7", reply.Headers["x-backstop-release"]);
        Assert.Equal(["GET /v2/models/tiny-v7"], fleet.Seven.Targets);

        fleet.Seven.Answer = Answers.Json(200, "[]");
        (await Get(fleet, "/v2/models/assistant:prod")).IsInferenceError(HttpStatusCode.BadGateway, "upstream_error");
        fleet.Seven.Answer = Answers.Json(500, "{}");
        (await Get(fleet, "/v2/models/assistant:prod")).IsInferenceError(HttpStatusCode.BadGateway, "upstream_error");
    }

    [Fact]
    public async Task An_alias_is_ready_when_a_replica_says_so()
    {
        await using var fleet = await SmallFleet.Start(manifest: Manifest);
        fleet.Seven.Answer = Answers.Json(200, "{}");
        var ready = await Get(fleet, "/v2/models/assistant:prod/ready");
        fleet.Seven.Answer = Answers.Json(503, "{}");
        var loading = await Get(fleet, "/v2/models/assistant:prod/ready");
        await fleet.Seven.DisposeAsync();
        var gone = await Get(fleet, "/v2/models/assistant:prod/ready");

        Assert.Equal((HttpStatusCode.OK, """{"name":"assistant:prod","ready":true}"""), (ready.Status, ready.Body));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"name":"assistant:prod","ready":false}"""), (loading.Status, loading.Body));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"name":"assistant:prod","ready":false}"""), (gone.Status, gone.Body));
        Assert.Equal(["GET /v2/models/tiny-v7/ready", "GET /v2/models/tiny-v7/ready"], fleet.Seven.Targets);
    }

    [Fact]
    public async Task The_gateway_says_what_it_is_and_whether_it_has_something_to_serve()
    {
        await using var control = await ScriptedControl.Start();
        await using var gateway = await RunningGateway.Start(control.Address);
        Assert.Equal(HttpStatusCode.OK, (await Get(gateway, "/v2/health/live")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await Get(gateway, "/v2/health/ready")).Status);

        await using var server = await ModelServer.Start();
        var release = SmallFleet.Released("v7", server, Manifest);
        await control.PublishAndAwait(SmallFleet.Plain(release), release);
        Assert.Equal(HttpStatusCode.OK, (await Get(gateway, "/v2/health/ready")).Status);
        Assert.Equal("backstop", (string?)(await Get(gateway, "/v2")).Json["name"]);
    }

    [Theory]
    [InlineData("http://ranker:9000", "http://ranker:9000/v2/models/my%20model/infer")]
    [InlineData("http://ranker:9000/v2/", "http://ranker:9000/v2/models/my%20model/infer")]
    [InlineData("https://host/ranking", "https://host/ranking/v2/models/my%20model/infer")]
    public void A_replica_s_address_may_say_the_version_or_not(string replica, string address)
    {
        var serving = new Serving("open-inference", "my model", [new(replica)]);
        Assert.Equal(address, Gateway.Dialects.Dialect.Infer.AddressOf(serving, new(replica)).AbsoluteUri);
    }

    private static Task<Reply> Get(SmallFleet fleet, string path) => Get(fleet.Gateway, path);

    private static async Task<Reply> Get(RunningGateway gateway, string path)
    {
        using var response = await gateway.Http.GetAsync(path, TestContext.Current.CancellationToken);
        return await Reply.Of(response);
    }

    private static string Text(string text) => new JsonObject
    {
        ["outputs"] = new JsonArray(new JsonObject
        {
            ["name"] = "review", ["shape"] = new JsonArray(1), ["datatype"] = "BYTES", ["data"] = new JsonArray(text),
        }),
    }.ToJsonString();
}
