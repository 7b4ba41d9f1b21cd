using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backstop.Core.Registry;

namespace Backstop.Core.Gates;

/// <summary>A gate as files that people review. Their texts, not where they go.</summary>
public static class GateFiles
{
    // Reviewers read these files: text stays text.
    private static readonly JsonSerializerOptions Lines = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Pretty = new(Lines) { WriteIndented = true, NewLine = "\n" };

    /// <summary><c>cases.jsonl</c>: one case a line.</summary>
    public static string Cases(ImmutableArray<GateCase> cases) =>
        string.Concat(cases.Select(c => JsonSerializer.Serialize(c, Lines) + "\n"));

    /// <summary>SHA-256 of <see cref="Cases"/>.</summary>
    public static string CasesDigest(ImmutableArray<GateCase> cases) => CanonicalJson.Digest(Cases(cases));

    /// <summary><c>certificate.json</c>.</summary>
    public static string CertificateText(Certificate certificate) => JsonSerializer.Serialize(certificate, Pretty) + "\n";

    /// <summary><c>gate.yaml</c>.</summary>
    public static string Yaml(Gate gate)
    {
        var yaml = new StringBuilder();
        yaml.Append("apiVersion: backstop/v1\nkind: Gate\n");
        Add("id", gate.Id);
        Add("alias", gate.Alias);
        if (gate.IncidentId is not null)
        {
            Add("incident", gate.IncidentId);
        }

        yaml.Append("cases:\n  file: cases.jsonl\n");
        yaml.Append(CultureInfo.InvariantCulture, $"  count: {gate.Cases.Length}\n  digest: {Text(CasesDigest(gate.Cases))}\n");
        yaml.Append(CultureInfo.InvariantCulture, $"samplesPerCase: {gate.SamplesPerCase}\nfailIfMoreThan: {gate.FailIfMoreThan}\n");
        yaml.Append("assumes:\n");
        Rate("badFailRate", gate.BadFailRate);
        Rate("goodFailRate", gate.GoodFailRate);
        yaml.Append(CultureInfo.InvariantCulture, $"power: {gate.Power:0.######}\nfalseBlock: {gate.FalseBlock:0.######}\n");
        if (gate.ExtraPolicy is not null)
        {
            yaml.Append("extraPolicy: ").Append(gate.ExtraPolicy).Append('\n'); // JSON is YAML.
        }

        yaml.Append(CultureInfo.InvariantCulture, $"budget: {{maxAnswers: {gate.Runs}, maxSeconds: {gate.BudgetSeconds}}}\n");
        Add("state", gate.State.ToString().ToLowerInvariant());
        Add("owner", gate.Owner);
        yaml.Append(CultureInfo.InvariantCulture, $"reviewBy: {gate.ReviewBy:yyyy-MM-dd}\n");
        return yaml.ToString();

        void Add(string key, string value) => yaml.Append(key).Append(": ").Append(Text(value)).Append('\n');

        void Rate(string key, RateBounds rate) => yaml.Append(
            CultureInfo.InvariantCulture, $"  {key}: {{lower: {rate.Lower:0.####}, measured: {rate.Estimate:0.####}, upper: {rate.Upper:0.####}}}\n");
    }

    // A JSON string is a YAML string that no reader takes for a number, a date or a mapping.
    private static string Text(string value) => JsonSerializer.Serialize(value, Lines);
}
