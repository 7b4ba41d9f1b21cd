using System.Globalization;
using System.Text.Json.Nodes;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Core.Text;

namespace Backstop.Commands;

/// <summary>Reads a rollout plan as people write it: shares in percent, times such as <c>10m</c>.</summary>
/// <remarks>The server checks the values; what is checked here is only that they are shares and times at all, and that every key is known.</remarks>
internal static class RolloutPlanFile
{
    private static readonly Dictionary<string, (string Api, Func<JsonNode?, string, JsonNode?> Read)> StepKeys = new(StringComparer.Ordinal)
    {
        ["share"] = ("basis_points", Share),
        ["dwell"] = ("dwell_ms", Time),
        ["units"] = ("min_units", Same),
        ["approval"] = ("approval", Same),
    };

    private static readonly Dictionary<string, (string Api, Func<JsonNode?, string, JsonNode?> Read)> ShadowKeys = new(StringComparer.Ordinal)
    {
        ["share"] = ("basis_points", Share),
        ["dwell"] = ("dwell_ms", Time),
        ["units"] = ("min_units", Same),
        ["margin"] = ("margin", Part),
        ["most_dropped"] = ("most_dropped", Part),
        ["least_agreement"] = ("least_agreement", Part),
        ["most_slowdown"] = ("most_slowdown", Part),
        ["most_length_change"] = ("most_length_change", Part),
    };

    private static readonly Dictionary<string, (string Api, Func<JsonNode?, string, JsonNode?> Read)> PlanKeys = new(StringComparer.Ordinal)
    {
        ["preset"] = ("preset", Same),
        ["shadow"] = ("shadow", (node, at) => Mapping(node, ShadowKeys, at)),
        ["steps"] = ("steps", Steps),
        ["end"] = ("end", Same),
        ["approve_promotion"] = ("approve_promotion", Same),
        ["holdback"] = ("holdback_basis_points", Share),
        ["containment"] = ("containment_basis_points", Share),
        ["bake"] = ("bake_ms", Time),
        ["held_deadline"] = ("held_deadline_ms", Time),
        ["held_action"] = ("held_action", Same),
        ["convergence_deadline"] = ("convergence_deadline_ms", Time),
        ["verify_window"] = ("verify_window_ms", Time),
        ["coverage"] = ("coverage", Part),
        ["warm_for"] = ("warm_for_ms", Time),
        ["warm_capacity"] = ("warm_capacity", Same),
        ["cool_down"] = ("cool_down_ms", Time),
        ["fallback"] = ("fallback", Same),
        ["break_glass"] = ("break_glass", Same),
        ["no_way_back"] = ("no_way_back", Same),
    };

    /// <summary>The plan as the API takes it.</summary>
    /// <exception cref="CommandFailure">It cannot be read; the message says where.</exception>
    public static async Task<JsonObject> Read(FileInfo file, CancellationToken cancel)
    {
        try
        {
            return Read(await File.ReadAllTextAsync(file.FullName, cancel));
        }
        catch (FormatException e)
        {
            throw new CommandFailure($"{file.Name} cannot be read as a plan: {e.Message}", ExitCode.Usage, cause: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"{file.FullName} cannot be read: {e.Message}", ExitCode.Usage, cause: e);
        }
    }

    /// <summary>The plan as the API takes it.</summary>
    /// <exception cref="FormatException">It is no plan; the message says where.</exception>
    public static JsonObject Read(string text) => Mapping(YamlManifest.Parse(text), PlanKeys, "the plan");

    private static JsonObject Mapping(JsonNode? node, Dictionary<string, (string Api, Func<JsonNode?, string, JsonNode?> Read)> keys, string where)
    {
        var result = new JsonObject();
        foreach (var (key, value) in node as JsonObject ?? throw new FormatException($"{where} is not a mapping of keys to values."))
        {
            if (!keys.TryGetValue(key, out var known))
            {
                throw new FormatException($"unknown key '{key}' in {where}.{Suggestion.For(key, keys.Keys)}");
            }

            result[known.Api] = known.Read(value, $"'{key}' in {where}");
        }

        return result;
    }

    private static JsonArray Steps(JsonNode? node, string where) => node is JsonArray steps
        ? [.. steps.Select((step, i) => Mapping(step, StepKeys, $"step {i + 1}"))]
        : throw new FormatException($"{where} is not a list.");

    private static JsonNode? Same(JsonNode? node, string where) => node?.DeepClone();

    // As a number of 0 to 1, where the API has no basis points.
    private static JsonValue? Part(JsonNode? node, string where) => Share(node, where) is { } share ? JsonValue.Create(share.GetValue<int>() / 10_000.0) : null;

    private static JsonValue? Share(JsonNode? node, string where)
    {
        var text = node?.ToString() ?? "";
        return double.TryParse(text.TrimEnd('%', ' '), NumberStyles.Float, CultureInfo.InvariantCulture, out var percent) && percent is >= 0 and <= 100
            ? JsonValue.Create((int)Math.Round(percent * 100))
            : throw new FormatException($"{where} is '{text}': write a share such as 5 %.");
    }

    private static JsonValue? Time(JsonNode? node, string where) => Milliseconds(node?.ToString() ?? "") is { } time
        ? JsonValue.Create(time)
        : throw new FormatException($"{where} is '{node}': write a time such as 250ms, 30s, 10m, 2h or 1d.");

    /// <summary>A time such as <c>10m</c> in milliseconds; null when it is none.</summary>
    public static long? Milliseconds(string text)
    {
        var digits = text.TrimEnd('m', 's', 'h', 'd', ' ');
        double? unit = text[digits.Length..].Trim() switch
        {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => null,
        };
        return unit is not null && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var count) && count >= 0
            ? (long)Math.Round(count * unit.Value)
            : null;
    }
}
