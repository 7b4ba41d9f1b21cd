using System.Text.Json;
using Backstop.Core.Routing;

namespace Backstop.Core.Registry;

/// <summary>Reads the parts of <c>serving</c> that say how patient a gateway is with its replicas.</summary>
internal static class ServingPatience
{
    private const double LongestMilliseconds = 86_400_000;

    public static Timeouts ReadTimeouts(JsonElement serving) =>
        Part(serving, "timeouts", "connect_ms", "first_token_ms", "between_tokens_ms", "total_ms") is { } timeouts
            ? new(
                Time(timeouts, "connect_ms", "serving.timeouts"),
                Time(timeouts, "first_token_ms", "serving.timeouts"),
                Time(timeouts, "between_tokens_ms", "serving.timeouts"),
                Time(timeouts, "total_ms", "serving.timeouts"))
            : Timeouts.None;

    public static Retries ReadRetries(JsonElement serving)
    {
        var usual = Retries.Default;
        return Part(serving, "retries", "most", "budget_percent", "hedge_after_ms") is { } retries
            ? new(
                (int)(Whole(retries, "most", "serving.retries", 0, 10) ?? usual.Most),
                Number(retries, "budget_percent", "serving.retries", 0, 100) ?? usual.BudgetPercent,
                Time(retries, "hedge_after_ms", "serving.retries"))
            : usual;
    }

    public static int? ReadConcurrent(JsonElement serving) => (int?)Whole(serving, "concurrent", "serving", 1, 100_000);

    public static TimeSpan? ReadRestAfter(JsonElement engine) =>
        Number(engine, "rest_after_s", "serving.engine", 0, TimeSpan.FromDays(30).TotalSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    public static HealthCheck? ReadHealth(JsonElement serving)
    {
        if (Part(serving, "health", "path", "interval_ms", "timeout_ms", "failures") is not { } health)
        {
            return null;
        }

        var path = ManifestReader.Required(health, "path", "serving.health");
        ManifestReader.Expect(path, JsonValueKind.String, "serving.health.path");
        var interval = Time(health, "interval_ms", "serving.health", least: 100) ?? TimeSpan.FromSeconds(5);
        return path.GetString() is ['/', ..] text && !text.Any(c => char.IsControl(c) || c is ' ' or '#')
            ? new(
                text,
                interval,
                Time(health, "timeout_ms", "serving.health") ?? TimeSpan.FromSeconds(2),
                (int)(Whole(health, "failures", "serving.health", 1, 100) ?? 2))
            : throw new ManifestException($"serving.health.path is '{path.GetString()}': write a path such as '/health'.");
    }

    private static JsonElement? Part(JsonElement serving, string key, params string[] keys)
    {
        if (!serving.TryGetProperty(key, out var part))
        {
            return null;
        }

        ManifestReader.Expect(part, JsonValueKind.Object, $"serving.{key}");
        ManifestReader.Known(part, keys, $"serving.{key}");
        return part;
    }

    private static TimeSpan? Time(JsonElement part, string key, string place, double least = 1) =>
        Number(part, key, place, least, LongestMilliseconds) is { } ms ? TimeSpan.FromMilliseconds(ms) : null;

    private static double? Whole(JsonElement part, string key, string place, double least, double most) =>
        Number(part, key, place, least, most) is not { } number ? null
        : number == Math.Floor(number) ? number
        : throw new ManifestException($"{place}.{key} is {number}: write a whole number.");

    private static double? Number(JsonElement part, string key, string place, double least, double most)
    {
        if (!part.TryGetProperty(key, out var value))
        {
            return null;
        }

        ManifestReader.Expect(value, JsonValueKind.Number, $"{place}.{key}");
        return value.GetDouble() is var number && number >= least && number <= most
            ? number
            : throw new ManifestException($"{place}.{key} is {number}: use {least:0} to {most:0}.");
    }
}
