using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Json;
using Backstop.Core.Registry;

namespace Backstop.Core.Gates;

/// <summary>What a model answered: its text, and the tools it wants called, in order.</summary>
public sealed record ModelAnswer(string Text, ImmutableArray<ToolCall> Calls)
{
    /// <summary>An answer of text alone.</summary>
    public static ModelAnswer Of(string text) => new(text, []);
}

/// <summary>A call of a tool.</summary>
/// <param name="Arguments">JSON, as the model wrote it.</param>
public sealed record ToolCall(string Name, string Arguments);

/// <summary>Says whether an answer is what it should be. It never guesses: what it cannot decide is unknown, which no gate takes for a pass.</summary>
public abstract partial record Scorer
{
    // A pattern that backtracks without end must not stop a suite.
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    private Scorer()
    {
    }

    /// <summary>The word for it in <c>gate.yaml</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What became of an answer.</summary>
    /// <param name="expected">The case's right answer, or null when it has none.</param>
    public RunOutcome Score(ModelAnswer answer, string? expected) => Holds(answer, expected) switch
    {
        true => RunOutcome.Passed.Instance,
        false => new RunOutcome.Failed(Name),
        null => new RunOutcome.Unknown($"{Name} has nothing to compare with: the case has no 'expected'"),
    };

    /// <summary>Whether it holds; null when that cannot be known.</summary>
    protected abstract bool? Holds(ModelAnswer answer, string? expected);

    /// <summary>The same text, to the letter; only white space around it does not count.</summary>
    public sealed record Exact : Scorer
    {
        public override string Name => "exact";

        protected override bool? Holds(ModelAnswer answer, string? expected) => expected is null ? null : answer.Text.Trim() == expected.Trim();
    }

    /// <summary>The same words: case, spacing and punctuation do not count; see <see cref="ExpectedAnswer"/>.</summary>
    public sealed record Normalised : Scorer
    {
        public override string Name => "normalised";

        protected override bool? Holds(ModelAnswer answer, string? expected) => expected is null ? null : ExpectedAnswer.IsIn(answer.Text, expected);
    }

    /// <summary>The last number in the text is the expected one.</summary>
    /// <param name="Absolute">Largest difference that is allowed.</param>
    /// <param name="Relative">The same as a share of the expected number; the larger of both counts.</param>
    public sealed partial record Number(double Absolute, double Relative) : Scorer
    {
        public override string Name => "number";

        protected override bool? Holds(ModelAnswer answer, string? expected)
        {
            if (expected is null || !double.TryParse(expected, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var wanted))
            {
                return null;
            }

            return Written().Matches(answer.Text) is [.., { } last]
                && double.TryParse(last.Value, NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var given)
                && Math.Abs(given - wanted) <= Math.Max(Absolute, Relative * Math.Abs(wanted));
        }

        [GeneratedRegex(@"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
        private static partial Regex Written();
    }

    /// <summary>The text matches a pattern somewhere.</summary>
    public sealed record Pattern : Scorer
    {
        private readonly Regex _regex;

        /// <exception cref="FormatException">It is no regular expression.</exception>
        public Pattern(string pattern)
        {
            try
            {
                _regex = new(pattern, RegexOptions.CultureInvariant, PatternTimeout);
            }
            catch (ArgumentException e)
            {
                throw new FormatException($"'{pattern}' is no regular expression: {e.Message}", e);
            }
        }

        public override string Name => "regex";

        protected override bool? Holds(ModelAnswer answer, string? expected)
        {
            try
            {
                return _regex.IsMatch(answer.Text);
            }
            catch (RegexMatchTimeoutException)
            {
                return false;
            }
        }
    }

    /// <summary>The text has these pieces, whatever their case, and none of the others.</summary>
    public sealed record Contains(ImmutableArray<string> All, ImmutableArray<string> None) : Scorer
    {
        public override string Name => "contains";

        protected override bool? Holds(ModelAnswer answer, string? expected) =>
            All.All(piece => answer.Text.Contains(piece, StringComparison.OrdinalIgnoreCase))
            && !None.Any(piece => answer.Text.Contains(piece, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The whole text is JSON that a schema allows.</summary>
    public sealed record Schema : Scorer
    {
        private readonly JsonSchema _schema;

        /// <exception cref="FormatException">It is no JSON Schema.</exception>
        public Schema(string schema)
        {
            try
            {
                _schema = JsonSchema.Compile(schema);
            }
            catch (JsonSchemaException e)
            {
                throw new FormatException($"the schema cannot be used: {e.Message}", e);
            }
        }

        public override string Name => "json_schema";

        protected override bool? Holds(ModelAnswer answer, string? expected) =>
            JsonParser.Parse(answer.Text, out _) is { } value && _schema.Validate(value) is null;
    }

    /// <summary>A tool is called by this name, with at least these arguments.</summary>
    /// <param name="Tool">The tool's name.</param>
    /// <param name="Arguments">JSON object whose members the call's arguments must have, alike; null when any will do.</param>
    public sealed record CallsTool(string Tool, string? Arguments) : Scorer
    {
        public override string Name => "tool_call";

        protected override bool? Holds(ModelAnswer answer, string? expected) => answer.Calls.Any(call => call.Name == Tool && Has(call.Arguments));

        private bool Has(string given)
        {
            if (Arguments is null)
            {
                return true;
            }

            try
            {
                using var have = JsonDocument.Parse(given);
                using var want = JsonDocument.Parse(Arguments);
                return have.RootElement.ValueKind == JsonValueKind.Object && want.RootElement.EnumerateObject().All(member =>
                    have.RootElement.TryGetProperty(member.Name, out var value) && CanonicalJson.Of(value) == CanonicalJson.Of(member.Value));
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }

    /// <summary>No check of a guard policy would stop or change the text.</summary>
    public sealed record Clean : Scorer
    {
        private readonly Ring _ring;

        /// <exception cref="FormatException">It is no guard policy.</exception>
        public Clean(string policy)
        {
            try
            {
                _ring = Ring.Compile(GuardPolicy.Parse(policy)).Local;
            }
            catch (GuardPolicyException e)
            {
                throw new FormatException(e.Message, e);
            }
        }

        public override string Name => "ring";

        protected override bool? Holds(ModelAnswer answer, string? expected)
        {
            var ruling = _ring.Open(RingContext.None).ScreenOutput(ScanUnit.Output(answer.Text));
            return ruling.Errors.Length > 0 ? null : ruling.Disposition < Disposition.Fix || ruling.Findings.IsEmpty;
        }
    }

    /// <summary>The text says about the same: the F1 of its words and the expected ones (Rajpurkar et al. 2016) reaches a threshold.</summary>
    /// <param name="AtLeast">0 to 1.</param>
    public sealed record Similar(double AtLeast) : Scorer
    {
        public override string Name => "similarity";

        protected override bool? Holds(ModelAnswer answer, string? expected)
        {
            if (expected is null)
            {
                return null;
            }

            var (given, wanted) = (Words(answer.Text), Words(expected));
            var common = given.Sum(word => Math.Min(word.Value, wanted.GetValueOrDefault(word.Key)));
            var all = given.Values.Sum() + wanted.Values.Sum();
            return all > 0 && 2.0 * common / all >= AtLeast;
        }

        private static Dictionary<string, int> Words(string text)
        {
            var counts = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var word in text.ToLowerInvariant().Split(text.Where(c => !char.IsLetterOrDigit(c)).Distinct().ToArray(), StringSplitOptions.RemoveEmptyEntries))
            {
                counts[word] = counts.GetValueOrDefault(word) + 1;
            }

            return counts;
        }
    }
}
