using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Backstop.Core.Prompts;
using Backstop.Core.Text;
using Fluid;
using Fluid.Values;

namespace Backstop.Prompts;

/// <summary>A prompt that can be filled in: its templates are parsed, and use exactly the variables that it declares.</summary>
/// <remarks>
/// Templates are a part of Liquid that always ends soon and reaches nothing outside: outputs with filters, <c>if</c>,
/// <c>unless</c>, <c>case</c> and <c>for</c>. Nothing is assigned, so no text can double itself again and again; nothing is
/// included; there is no clock. What a caller sends is bounded here, since it can be long or nested for no good reason.
/// It is safe to render from many threads at once.
/// </remarks>
public sealed class PromptTemplate
{
    /// <summary>Most statements that one message may run.</summary>
    public const int MostSteps = 10_000;

    /// <summary>Most characters of all variables of a request together, as JSON.</summary>
    public const int MostInput = 256 * 1024;

    /// <summary>Most characters of all rendered messages together.</summary>
    public const int MostOutput = 512 * 1024;

    private static readonly FluidParser Parser = new(new FluidParserOptions());
    private static readonly TemplateOptions Options = MakeOptions();

    private readonly Prompt _prompt;
    private readonly ImmutableArray<IFluidTemplate?> _templates;

    private PromptTemplate(Prompt prompt, ImmutableArray<IFluidTemplate?> templates) => (_prompt, _templates) = (prompt, templates);

    /// <summary>Whether every request gets the same messages.</summary>
    public bool IsFixed => !_prompt.IsTemplate;

    /// <summary>Parses the templates and holds them against the declared variables.</summary>
    /// <exception cref="PromptException">A template cannot be read or does what none may, a variable is used and not declared, or declared and not used.</exception>
    public static PromptTemplate Compile(Prompt prompt)
    {
        if (!prompt.IsTemplate)
        {
            return new(prompt, [.. prompt.Messages.Select(_ => (IFluidTemplate?)null)]);
        }

        var used = new SortedSet<string>(StringComparer.Ordinal);
        var templates = ImmutableArray.CreateBuilder<IFluidTemplate?>();
        for (var i = 0; i < prompt.Messages.Length; i++)
        {
            if (!Parser.TryParse(prompt.Messages[i].Text, out var template, out var error))
            {
                throw new PromptException($"prompt.messages[{i}] is not a template: {error}");
            }

            used.UnionWith(TemplateReading.VariablesOf(template, $"prompt.messages[{i}]"));
            templates.Add(template);
        }

        if (used.FirstOrDefault(name => !prompt.Variables.ContainsKey(name)) is { } undeclared)
        {
            throw new PromptException(
                $"The prompt uses '{undeclared}', which is not declared.{Suggestion.For(undeclared, prompt.Variables.Keys)} Declare it under variables, or mend the name.");
        }

        return prompt.Variables.Keys.FirstOrDefault(name => !used.Contains(name)) is { } unused
            ? throw new PromptException($"The prompt declares '{unused}' and does not use it: use it in a message, or leave it out.")
            : new(prompt, templates.ToImmutable());
    }

    /// <summary>What a request lacks; null when the prompt can be rendered for it. Values that the prompt does not declare are left alone.</summary>
    /// <param name="given">An object with a member for each variable.</param>
    public string? Missing(JsonElement given)
    {
        foreach (var (name, variable) in _prompt.Variables)
        {
            if (variable.IsRequired && !IsGiven(given, name))
            {
                var near = given.ValueKind == JsonValueKind.Object
                    ? Suggestion.For(name, given.EnumerateObject().Select(member => member.Name).Where(other => !_prompt.Variables.ContainsKey(other)))
                    : "";
                return $"The prompt needs the variable '{name}'{(variable.Description is { } what ? $" ({what})" : "")}, and has no value for it.{near.Replace("Did you mean", "Is it meant by", StringComparison.Ordinal)}";
            }
        }

        return null;
    }

    /// <summary>The messages for one request.</summary>
    /// <param name="given">An object with a member for each variable; what has a default may be missing.</param>
    /// <returns>The messages; or why there are none.</returns>
    public (ImmutableArray<PromptMessage> Messages, string? Refused) Render(JsonElement given)
    {
        if (IsFixed)
        {
            return (_prompt.Messages, null);
        }

        if (Missing(given) is { } missing)
        {
            return ([], missing);
        }

        var values = _prompt.Variables.Keys.Select(name => (Name: name, Value: ValueOf(given, name))).ToList();
        if (values.Sum(v => (long)v.Value.GetRawText().Length) > MostInput)
        {
            return ([], $"The variables have more than {MostInput} characters together.");
        }

        var context = new TemplateContext(Options, StringComparer.Ordinal);
        using var text = new BoundedWriter(MostOutput);
        var messages = ImmutableArray.CreateBuilder<PromptMessage>(_templates.Length);
        try
        {
            foreach (var (name, value) in values)
            {
                context.SetValue(name, ValueOf(value));
            }

            foreach (var (message, template) in _prompt.Messages.Zip(_templates))
            {
                // Nothing in it waits for anything, so it is over when this returns.
                template!.RenderAsync(text, NullEncoder.Default, context).AsTask().GetAwaiter().GetResult();
                messages.Add(message with { Text = text.Take() });
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Filters meet values that they did not expect with exceptions of every kind. A request that brings such a value cannot be served; no more.
            return ([], $"The prompt cannot be rendered with these variables: {e.Message}");
        }

        return (messages.ToImmutable(), null);
    }

    /// <summary>An example of every variable, its default where there is none: what gates and previews use.</summary>
    public static JsonElement Examples(Prompt prompt) => JsonSerializer.SerializeToElement(
        prompt.Variables.Where(v => (v.Value.Example ?? v.Value.Default) is not null)
            .ToDictionary(v => v.Key, v => JsonElement.Parse((v.Value.Example ?? v.Value.Default)!), StringComparer.Ordinal));

    // null stands for "no value": that is what clients send that fill in a form.
    private static bool IsGiven(JsonElement given, string name) =>
        given.ValueKind == JsonValueKind.Object && given.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null;

    private JsonElement ValueOf(JsonElement given, string name) =>
        IsGiven(given, name) ? given.GetProperty(name) : JsonElement.Parse(_prompt.Variables[name].Default!);

    private static FluidValue ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => new StringValue(value.GetString()!),
        JsonValueKind.Number => NumberValue.Create(value.TryGetDecimal(out var number) ? number : throw new PromptException("a number is too large")),
        JsonValueKind.True => BooleanValue.True,
        JsonValueKind.False => BooleanValue.False,
        JsonValueKind.Array => new ArrayValue([.. value.EnumerateArray().Select(ValueOf)]),
        JsonValueKind.Object => new DictionaryValue(new FluidValueDictionaryFluidIndexable(
            value.EnumerateObject().ToDictionary(member => NameOf(member.Name), member => ValueOf(member.Value), StringComparer.Ordinal))),
        _ => NilValue.Instance,
    };

    // A template can print the names of members too, and they went past every check of texts.
    private static string NameOf(string member) => Names.IsValid(member)
        ? member
        : throw new PromptException("the name of a member inside a variable may have only letters, digits, '.', '-' and '_', at most 100 of them");

    private static TemplateOptions MakeOptions() => new()
    {
        MaxSteps = MostSteps,
        MaxRecursion = 20,
        StrictFilters = true,
        CultureInfo = CultureInfo.InvariantCulture,
        TimeZone = TimeZoneInfo.Utc,
        ModelNamesComparer = StringComparer.Ordinal,
    };
}
