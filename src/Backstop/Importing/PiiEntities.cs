using System.Text.Json.Nodes;
using Backstop.Core.Guards.Checks.Pii;
using YamlDotNet.RepresentationModel;

namespace Backstop.Importing;

/// <summary>Kinds of personal data as Presidio names them, which the others took over, and so did we.</summary>
internal static class PiiEntities
{
    private static readonly Dictionary<string, string> Others = new(StringComparer.Ordinal)
    {
        ["MEDICAL_LICENSE"] = PiiTypes.Dea, ["BIC_SWIFT"] = PiiTypes.Bic, ["CVV"] = PiiTypes.Cvv, ["KR_RRN"] = PiiTypes.Rrn, ["IT_VAT_CODE"] = PiiTypes.Vat,
    };

    /// <summary>The settings of <c>pii</c> for a list of entities; null when none of them is known. The unknown are left.</summary>
    /// <param name="line">Where the list stands, if the entities do not know themselves.</param>
    public static JsonObject? With(YamlNode? entities, ImportedPolicy policy, long? line = null)
    {
        if (entities is null)
        {
            return [];
        }

        var types = new JsonArray();
        foreach (var entity in entities.Items())
        {
            var name = entity.Text()!;
            name = Others.GetValueOrDefault(name, name);
            if (PiiTypes.All.Contains(name))
            {
                types.Add(name);
            }
            else
            {
                policy.Leave(line ?? entity.Start.Line, name, "no recogniser looks for it here.");
            }
        }

        return types.Count > 0 ? new JsonObject { ["types"] = types } : null;
    }
}
