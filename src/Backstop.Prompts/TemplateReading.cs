using Backstop.Core.Prompts;
using Backstop.Core.Text;
using Fluid;
using Fluid.Ast;

namespace Backstop.Prompts;

/// <summary>Walks through a parsed template: which variables it uses, and whether it keeps to what a prompt may do.</summary>
internal sealed class TemplateReading : AstVisitor
{
    // None makes a text or a list much longer than what goes in, asks a clock, or reads anything but its input.
    private static readonly string[] Filters =
    [
        "abs", "at_least", "at_most", "capitalize", "ceil", "compact", "default", "divided_by", "downcase", "escape", "first", "floor", "join", "json",
        "last", "lstrip", "map", "minus", "modulo", "newline_to_br", "plus", "reverse", "round", "rstrip", "size", "slice", "sort", "split", "strip",
        "strip_html", "strip_newlines", "times", "truncate", "truncatewords", "uniq", "upcase", "url_encode", "where",
    ];

    private readonly string _place;
    private readonly SortedSet<string> _used = new(StringComparer.Ordinal);
    private readonly Stack<string> _locals = new(["forloop", "empty", "blank"]);

    private TemplateReading(string place) => _place = place;

    /// <summary>The variables that a template uses.</summary>
    /// <param name="template">The template.</param>
    /// <param name="place">How messages call it.</param>
    /// <exception cref="PromptException">It does what no prompt may.</exception>
    public static IReadOnlySet<string> VariablesOf(IFluidTemplate template, string place)
    {
        var reading = new TemplateReading(place);
        reading.VisitTemplate(template);
        return reading._used;
    }

    public override Statement Visit(Statement statement) => statement switch
    {
        null or TextSpanStatement or OutputStatement or IfStatement or ElseIfStatement or ElseStatement or UnlessStatement or CaseStatement or WhenStatement or ForStatement
            or CommentStatement or RawStatement or NoOpStatement or BreakStatement or ContinueStatement => base.Visit(statement!),
        _ => throw new PromptException(
            $"{_place} has a '{Word(statement)}' tag: a prompt may use outputs, if, unless, case, for, comment and raw, so that it always ends and reaches nothing outside."),
    };

    protected override Statement VisitForStatement(ForStatement forStatement)
    {
        Visit(forStatement.Source);
        Visit(forStatement.Limit);
        Visit(forStatement.Offset);
        _locals.Push(forStatement.Identifier);
        foreach (var statement in forStatement.Statements)
        {
            Visit(statement);
        }

        _locals.Pop();
        Visit(forStatement.Else);
        return forStatement;
    }

    protected override Expression VisitMemberExpression(MemberExpression memberExpression)
    {
        foreach (var segment in memberExpression.Segments)
        {
            switch (segment)
            {
                case IdentifierSegment identifier when segment == memberExpression.Segments[0] && !_locals.Contains(identifier.Identifier):
                    _used.Add(identifier.Identifier);
                    break;
                case IndexerSegment indexer:
                    Visit(indexer.Expression);
                    break;
                case FunctionCallSegment:
                    throw new PromptException($"{_place} calls a function: a prompt has none.");
            }
        }

        return memberExpression;
    }

    protected override Expression VisitRangeExpression(RangeExpression rangeExpression) =>
        throw new PromptException($"{_place} counts over a range: a prompt goes through the items of a variable.");

    protected override Expression VisitFilterExpression(FilterExpression filterExpression) => Filters.Contains(filterExpression.Name, StringComparer.Ordinal)
        ? base.VisitFilterExpression(filterExpression)
        : throw new PromptException(
            $"{_place} uses the filter '{filterExpression.Name}', which a prompt has not.{Suggestion.For(filterExpression.Name, Filters)} There are {string.Join(", ", Filters)}.");

    private static string Word(Statement statement) => statement.GetType().Name.Replace("Statement", "", StringComparison.Ordinal).ToLowerInvariant();
}
