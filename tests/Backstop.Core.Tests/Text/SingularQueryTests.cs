using System.Text.Json;
using Backstop.Core.Text;

namespace Backstop.Core.Tests.Text;

public class SingularQueryTests
{
    private const string Answer = """{"usage":{"completion_tokens":41},"choices":[{"x y":1.5,"ok":true},{"x y":2.5,"ok":false}],"é":3}""";

    [Theory]
    [InlineData("$.usage.completion_tokens", 41.0)]
    [InlineData("$['usage'][\"completion_tokens\"]", 41.0)]
    [InlineData("$.choices[0]['x y']", 1.5)]
    [InlineData("$.choices[-1]['x y']", 2.5)]
    [InlineData("$.choices[0].ok", 1.0)]
    [InlineData("$.choices[1].ok", 0.0)]
    [InlineData("$.é", 3.0)]
    [InlineData("$.choices[2].ok", null)]
    [InlineData("$.choices[-3].ok", null)]
    [InlineData("$.choices.ok", null)]
    [InlineData("$.usage", null)]
    [InlineData("$", null)]
    public void A_query_finds_the_number_at_its_place_or_nothing(string query, double? found)
    {
        using var document = JsonDocument.Parse(Answer);
        Assert.Equal(found, SingularQuery.Parse(query)!.NumberIn(document.RootElement));
    }

    [Theory]
    [InlineData("usage.tokens")]
    [InlineData("$..tokens")]
    [InlineData("$.choices[*].ok")]
    [InlineData("$.choices[0:2]")]
    [InlineData("$.choices[?@.ok]")]
    [InlineData("$.")]
    [InlineData("$.1a")]
    [InlineData("$[")]
    [InlineData("$['a")]
    [InlineData("$['a'")]
    [InlineData("$[]")]
    [InlineData("$x")]
    public void What_names_no_single_place_is_refused(string query) => Assert.Null(SingularQuery.Parse(query));
}
