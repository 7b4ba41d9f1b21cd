using System.Text.Json.Nodes;

namespace Backstop.Importing;

/// <summary>Cases in the making, and what could not become one.</summary>
internal sealed class ImportedSuite
{
    private readonly List<JsonObject> _cases = [];
    private readonly List<NotImported> _left = [];

    public IReadOnlyList<JsonObject> Cases => _cases;

    public IReadOnlyList<NotImported> Left => [.. _left.OrderBy(left => left.Line)];

    public IReadOnlyList<string> Lines => _cases.ConvertAll(c => c.ToJsonString());

    /// <summary>Adds a case; a second one of the same name gets a number.</summary>
    public void Add(string name, JsonObject asked)
    {
        var same = _cases.Count(c => (string?)c["id"] == name || ((string?)c["id"])!.StartsWith(name + " #", StringComparison.Ordinal));
        asked.Insert(0, "id", same == 0 ? name : $"{name} #{same + 1}");
        _cases.Add(asked);
    }

    public void Leave(long line, string what, string why) => _left.Add(new NotImported(line, what, why));
}
