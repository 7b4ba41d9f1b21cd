using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backstop.Control.Tests.Api;

/// <summary>A body with every key that an operation knows, each with a value of its type.</summary>
/// <remarks>An absurd one has values that a program may well send and no person would: the ends of every range, texts of every kind; and lacks some keys.</remarks>
internal sealed class SampleBody
{
    private readonly (string Key, Type Type, bool Needed)[] _members;
    private readonly JsonObject _json;

    private static readonly string[] AbsurdTexts =
    [
        "", " ", "v7", "v8", "assistant:prod", "*", "a:b", "\u0001\u001b[31m", "\ud83d\ude00", "\u202e", "\r\nX: y", "../../etc/passwd", "' OR 1=1 --", "{{x}}", "%s%n", "null",
        "sha256:0000000000000000000000000000000000000000000000000000000000000000", new('x', 999), new('\u00e9', 20_000), "0001-01-01T00:00:00Z", "model", "admin",
    ];

    private static readonly double[] AbsurdNumbers = [0, -1, 1, -0.0, 0.5, 1e-320, double.MaxValue, double.MinValue, double.Epsilon];
    private static readonly long[] AbsurdWholes = [0, -1, 1, 2, 10_000, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue];
    private static readonly string[] AbsurdTimes = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "1970-01-01T00:00:00Z", "2026-02-28T23:59:60Z", "9999-12-31T23:59:59-14:00"];

    private readonly bool _absurd;

    public SampleBody(Type type, Random luck, bool absurd = false)
    {
        _absurd = absurd;
        _members = Members(type);
        _json = type == typeof(JsonElement) ? new() { ["some"] = "thing" } : Object(type, luck);
        MayBeEmpty = type.Name == "Nothing";
        Bytes = Encoding.UTF8.GetBytes(_json.ToJsonString());
    }

    public byte[] Bytes { get; }

    /// <summary>Whether no body is as good as one.</summary>
    public bool MayBeEmpty { get; }

    public string[] Keys => [.. _members.Select(m => m.Key)];

    private string[] Needed => [.. _members.Where(m => m.Needed && m.Type != typeof(JsonElement)).Select(m => m.Key)];

    public byte[] With(string key, JsonNode? value)
    {
        var json = _json.DeepClone().AsObject();
        json[key] = value;
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    public byte[]? Misspelt(Random luck)
    {
        if (Keys is not { Length: > 0 } keys)
        {
            return null;
        }

        var json = _json.DeepClone().AsObject();
        var key = keys[luck.Next(keys.Length)];
        var value = json[key]!.DeepClone();
        json.Remove(key);
        json[key.Insert(luck.Next(key.Length), "q")] = value;
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    public byte[]? Without(Random luck)
    {
        if (Needed is not { Length: > 0 } needed)
        {
            return null;
        }

        var json = _json.DeepClone().AsObject();
        json.Remove(needed[luck.Next(needed.Length)]);
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    public byte[]? OfAnotherType(Random luck)
    {
        (string Key, Type Type, bool Needed)[] typed = [.. _members.Where(m => m.Type != typeof(JsonElement))];
        if (typed.Length == 0)
        {
            return null;
        }

        return With(typed[luck.Next(typed.Length)].Key, luck.Next(2) == 0 ? new JsonObject { ["zz"] = 1 } : JsonValue.Create(12.5e300));
    }

    public byte[]? WithNull(Random luck) => Needed is not { Length: > 0 } needed ? null : With(needed[luck.Next(needed.Length)], null);

    /// <summary>With a number for a word of a list, which some readers take for its place in the list.</summary>
    public byte[]? WithNumberForWord() => _members.FirstOrDefault(m => m.Type.IsEnum) is { Key: { } key } ? With(key, JsonValue.Create(1)) : null;

    private static (string Key, Type Type, bool Needed)[] Members(Type type) => type == typeof(JsonElement) || type.GetConstructors() is not [var constructor, ..]
        ? []
        : [.. constructor.GetParameters().Select(p => (
            JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name!), Nullable.GetUnderlyingType(p.ParameterType) ?? p.ParameterType, !p.HasDefaultValue))];

    private JsonObject Object(Type type, Random luck) =>
        new(Members(type).Where(m => !_absurd || m.Needed || luck.Next(2) == 0).Select(m => KeyValuePair.Create<string, JsonNode?>(m.Key, Value(m.Type, luck))));

    private JsonNode Value(Type type, Random luck) =>
        _absurd && Absurdity(type, luck) is { } absurdity ? absurdity
        : type == typeof(string) ? $"w{luck.Next():x}"
        : type == typeof(bool) ? luck.Next(2) == 0
        : type == typeof(int) || type == typeof(long) ? luck.Next(1, 1000)
        : type == typeof(double) ? luck.NextDouble()
        : type == typeof(DateTimeOffset) ? DateTimeOffset.UnixEpoch.AddSeconds(luck.Next()).ToString("O", CultureInfo.InvariantCulture)
        : type == typeof(JsonElement) ? new JsonObject { ["some"] = "thing" }
        : type.IsEnum ? JsonNamingPolicy.SnakeCaseLower.ConvertName(Enum.GetNames(type)[0])
        : type.IsArray ? new JsonArray(Value(type.GetElementType()!, luck))
        : Object(type, luck);

    private static JsonNode? Absurdity(Type type, Random luck) =>
        type == typeof(string) ? Pick(AbsurdTexts, luck)
        : type == typeof(int) ? (int)Math.Clamp(Pick(AbsurdWholes, luck), int.MinValue, int.MaxValue)
        : type == typeof(long) ? Pick(AbsurdWholes, luck)
        : type == typeof(double) ? Pick(AbsurdNumbers, luck)
        : type == typeof(DateTimeOffset) ? Pick(AbsurdTimes, luck)
        : null;

    private static T Pick<T>(T[] from, Random luck) => from[luck.Next(from.Length)];
}
