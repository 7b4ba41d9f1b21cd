using System.Collections.Immutable;
using System.Text.Json;

namespace Backstop.Core.Registry;

/// <summary>Where something came from, for people who follow it back.</summary>
/// <param name="What"><c>training_run</c>, <c>data_set</c>, <c>commit</c> or <c>eval_runs</c>.</param>
/// <param name="Id">What the other system calls it.</param>
/// <param name="Url">Where it is shown, or null.</param>
public sealed record LineageLink(string What, string Id, Uri? Url)
{
    private static readonly string[] Keys = ["training_run", "data_set", "commit", "eval_runs"];

    /// <summary>Reads a <c>lineage</c>: a text or <c>{ id, url }</c> for each key, a list of them for <c>eval_runs</c>.</summary>
    /// <returns>The links; or what is wrong.</returns>
    public static (ImmutableArray<LineageLink> Links, string? Flaw) Read(JsonElement lineage)
    {
        try
        {
            ManifestReader.Expect(lineage, JsonValueKind.Object, "lineage");
            ManifestReader.Known(lineage, Keys, "lineage");
            return ([.. lineage.EnumerateObject().SelectMany(ReadMember)], null);
        }
        catch (ManifestException e)
        {
            return ([], e.Message);
        }
    }

    private static IEnumerable<LineageLink> ReadMember(JsonProperty member)
    {
        if (member.Name != "eval_runs")
        {
            return [ReadLink(member.Name, member.Value, $"lineage.{member.Name}")];
        }

        ManifestReader.Expect(member.Value, JsonValueKind.Array, "lineage.eval_runs");
        return member.Value.EnumerateArray().Select((run, i) => ReadLink(member.Name, run, $"lineage.eval_runs[{i}]"));
    }

    private static LineageLink ReadLink(string what, JsonElement value, string place)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            var text = value.GetString()!;
            return text.Trim().Length > 0 ? new(what, text, LinkOf(text)) : throw new ManifestException($"{place} is empty: name it, or leave it out.");
        }

        ManifestReader.Expect(value, JsonValueKind.Object, place);
        ManifestReader.Known(value, ["id", "url"], place);
        var id = ManifestReader.Required(value, "id", place);
        ManifestReader.Expect(id, JsonValueKind.String, place + ".id");
        if (!value.TryGetProperty("url", out var url))
        {
            return new(what, id.GetString()!, null);
        }

        ManifestReader.Expect(url, JsonValueKind.String, place + ".url");
        return new(what, id.GetString()!, LinkOf(url.GetString()!)
            ?? throw new ManifestException($"{place}.url is '{url.GetString()}': write an http or https address without a password in it."));
    }

    private static Uri? LinkOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address!.UserInfo.Length == 0 ? address : null;
}
