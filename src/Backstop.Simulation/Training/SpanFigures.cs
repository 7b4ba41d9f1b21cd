using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks.Pii;

namespace Backstop.Simulation.Training;

/// <summary>Spans of one type that a check found, reported wrongly, or missed. An overlap with the same type counts as found.</summary>
public sealed record SpanFigures(int Found, int Wrong, int Missed)
{
    public double? Precision => Found + Wrong == 0 ? null : CheckFigures.Round(Found / (double)(Found + Wrong));

    public double? Recall => Found + Missed == 0 ? null : CheckFigures.Round(Found / (double)(Found + Missed));

    public double? F1 => Found + Wrong + Missed == 0 ? null : CheckFigures.Round(2.0 * Found / ((2.0 * Found) + Wrong + Missed));

    // What other data sets call the types that the check knows.
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["EMAIL"] = PiiTypes.Email, ["PHONE"] = PiiTypes.Phone, ["TELEPHONE"] = PiiTypes.Phone, ["PHONENUMBER"] = PiiTypes.Phone,
        ["CARD"] = PiiTypes.Card, ["CREDIT_CARD_NUMBER"] = PiiTypes.Card, ["CREDITCARDNUMBER"] = PiiTypes.Card,
        ["PAYMENT_CARD"] = PiiTypes.Card, ["IBAN"] = PiiTypes.Iban, ["SSN"] = PiiTypes.Ssn, ["SOCIAL_SECURITY_NUMBER"] = PiiTypes.Ssn,
        ["IP"] = PiiTypes.Ip, ["IPV4"] = PiiTypes.Ip, ["IPV6"] = PiiTypes.Ip, ["IPADDRESS"] = PiiTypes.Ip,
        ["ROUTING_NUMBER"] = PiiTypes.Routing, ["US_ROUTING_NUMBER"] = PiiTypes.Routing, ["ABA"] = PiiTypes.Routing, ["NPI"] = PiiTypes.Npi,
    };

    internal static bool IsKnown(string type) => PiiTypes.All.Contains(type);

    internal static SpanFigures Sum(IEnumerable<SpanFigures> parts) =>
        parts.Aggregate(new SpanFigures(0, 0, 0), (a, b) => new SpanFigures(a.Found + b.Found, a.Wrong + b.Wrong, a.Missed + b.Missed));

    internal static SortedDictionary<string, SpanFigures> Count(IReadOnlyList<LabelledText> texts, IReadOnlyList<Finding>[] found)
    {
        var types = new SortedDictionary<string, SpanFigures>(StringComparer.Ordinal);
        for (var i = 0; i < texts.Count; i++)
        {
            if (texts[i].Spans is not { } spans)
            {
                continue;
            }

            var wanted = spans.Select(span => span with { Type = NameOf(span.Type) }).ToList();
            var got = found[i].Select(finding => new LabelledSpan(finding.Start, finding.End, finding.Rule.ToUpperInvariant())).ToList();
            foreach (var span in wanted)
            {
                Add(span.Type, got.Exists(other => Same(span, other)) ? new SpanFigures(1, 0, 0) : new SpanFigures(0, 0, 1));
            }

            foreach (var span in got.Where(span => !wanted.Exists(other => Same(span, other))))
            {
                Add(span.Type, new SpanFigures(0, 1, 0));
            }
        }

        return types;

        void Add(string type, SpanFigures more) => types[type] = Sum([types.GetValueOrDefault(type, new SpanFigures(0, 0, 0)), more]);
    }

    private static bool Same(LabelledSpan a, LabelledSpan b) => a.Type == b.Type && a.Start < b.End && b.Start < a.End;

    private static string NameOf(string type) => Aliases.GetValueOrDefault(type.ToUpperInvariant(), type.ToUpperInvariant());
}
