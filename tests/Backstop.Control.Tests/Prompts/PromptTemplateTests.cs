using System.Text.Json;
using Backstop.Core.Prompts;
using Backstop.Prompts;

namespace Backstop.Control.Tests.Prompts;

public sealed class PromptTemplateTests
{
    [Fact]
    public void Values_of_every_kind_are_filled_in()
    {
        var text = Render(
            "{{ name | upcase }}{% if vip %}, our guest{% endif %}: {% for p in products %}{{ forloop.index }}. {{ p.title }} {{ p.price }}; {% endfor %}{{ tone }}",
            """{ "name": null, "vip": null, "products": null, "tone": { "default": "polite" } }""",
            """{ "name": "Ada {{ not a template }}", "vip": true, "products": [ { "title": "tea", "price": 4.5 }, { "title": "mug", "price": 12 } ], "more": 1 }""");
        Assert.Equal("ADA {{ NOT A TEMPLATE }}, our guest: 1. tea 4.5; 2. mug 12; polite", text);
    }

    [Theory]
    [InlineData("{{ compny }}", """{ "company": null }""", "uses 'compny', which is not declared. Did you mean 'company'?")]
    [InlineData("{{ company }}", """{ "company": null, "tone": null }""", "declares 'tone' and does not use it")]
    [InlineData("{% for p in products %}{{ product }}{% endfor %}", """{ "products": null }""", "uses 'product', which is not declared")]
    [InlineData("{% for p in products %}{{ p }}{% endfor %}{{ p }}", """{ "products": null }""", "uses 'p'")]
    [InlineData("{{ list[index] }}", """{ "list": null }""", "uses 'index'")]
    [InlineData("{% if a %}x{% elsif b %}y{% endif %}", """{ "a": null }""", "uses 'b'")]
    [InlineData("{% case a %}{% when b %}x{% else %}{{ c }}{% endcase %}", """{ "a": null, "b": null }""", "uses 'c'")]
    [InlineData("{{ a | default: b }}", """{ "a": null }""", "uses 'b'")]
    [InlineData("{% include 'etc/passwd' %}", "{}", "'include' tag")]
    [InlineData("{% render 'x' %}", "{}", "'render' tag")]
    [InlineData("{% assign x = a %}", """{ "a": null }""", "'assign' tag")]
    [InlineData("{% capture x %}{{ a }}{% endcapture %}", """{ "a": null }""", "'capture' tag")]
    [InlineData("{% increment x %}", "{}", "'increment' tag")]
    [InlineData("{% for i in (1..1000000000) %}x{% endfor %}", "{}", "counts over a range")]
    [InlineData("{{ 'now' | date: '%s' }}", "{}", "filter 'date'")]
    [InlineData("{{ a | append: a }}", """{ "a": null }""", "filter 'append'")]
    [InlineData("{{ a | upcas }}", """{ "a": null }""", "Did you mean 'upcase'?")]
    [InlineData("{% if a %}x", """{ "a": null }""", "is not a template")]
    public void What_a_prompt_may_not_do_is_refused_before_it_is_registered(string template, string variables, string expected) =>
        Assert.Contains(expected, Assert.Throws<PromptException>(() => Compile(template, variables)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_missing_value_is_named_with_the_one_that_was_probably_meant()
    {
        var template = Compile("{{ company }}", """{ "company": { "description": "whom the assistant works for" } }""");
        var refused = template.Render(JsonElement.Parse("""{ "compny": "Acme" }""")).Refused;
        Assert.Equal("The prompt needs the variable 'company' (whom the assistant works for), and has no value for it. Is it meant by 'compny'?", refused);
        Assert.NotNull(template.Render(default).Refused);
        Assert.NotNull(template.Render(JsonElement.Parse("""{ "company": null }""")).Refused);
        Assert.NotNull(template.Render(JsonElement.Parse("[1]")).Refused);
    }

    [Fact]
    public void Rendering_ends_whatever_a_caller_sends()
    {
        var nested = Compile("{% for a in list %}{% for b in list %}{{ b }}{% endfor %}{% endfor %}", """{ "list": null }""");
        Assert.Contains("cannot be rendered", nested.Render(Given("list", Enumerable.Range(0, 1000))).Refused, StringComparison.Ordinal);

        var echo = Compile("{% for a in list %}{{ text }}{% endfor %}", """{ "list": null, "text": null }""");
        var much = JsonSerializer.SerializeToElement(new { list = Enumerable.Range(0, 1000), text = new string('x', 10_000) });
        Assert.Contains($"more than {PromptTemplate.MostOutput} characters", echo.Render(much).Refused, StringComparison.Ordinal);

        Assert.Contains($"more than {PromptTemplate.MostInput} characters", Compile("{{ a }}", """{ "a": null }""").Render(Given("a", new string('x', PromptTemplate.MostInput))).Refused, StringComparison.Ordinal);
        Assert.Contains("name of a member", Compile("{{ a.b }}", """{ "a": null }""").Render(Given("a", new Dictionary<string, int>(StringComparer.Ordinal) { ["do what I say"] = 1 })).Refused, StringComparison.Ordinal);
        Assert.NotNull(Compile("{{ a | divided_by: 0 }}", """{ "a": null }""").Render(Given("a", 1)).Refused);
        Assert.NotNull(Compile("{{ a }}", """{ "a": null }""").Render(JsonElement.Parse("""{ "a": 1e300 }""")).Refused);
    }

    [Fact]
    public void A_text_that_is_no_template_stays_as_it_is()
    {
        var prompt = Prompt.Parse("""{ "system": "{{ x }} {% include %}" }""");
        Assert.Equal("{{ x }} {% include %}", PromptTemplate.Compile(prompt).Render(default).Messages[0].Text);
    }

    [Fact]
    public void Examples_stand_in_for_values()
    {
        var prompt = Parse("{{ a }} {{ b }}", """{ "a": { "example": [1, 2] }, "b": { "default": "x", "example": "y" } }""");
        Assert.Equal("12 y", PromptTemplate.Compile(prompt).Render(PromptTemplate.Examples(prompt)).Messages[0].Text);
    }

    private static string Render(string template, string variables, string given)
    {
        var (messages, refused) = Compile(template, variables).Render(JsonElement.Parse(given));
        Assert.Null(refused);
        return Assert.Single(messages).Text;
    }

    private static JsonElement Given<T>(string name, T value) => JsonSerializer.SerializeToElement(new Dictionary<string, T>(StringComparer.Ordinal) { [name] = value });

    private static PromptTemplate Compile(string template, string variables) => PromptTemplate.Compile(Parse(template, variables));

    private static Prompt Parse(string template, string variables) => Prompt.Parse(
        $$"""{ "messages": [ { "role": "system", "content": {{JsonSerializer.Serialize(template)}} } ], "variables": {{variables}} }""");
}
