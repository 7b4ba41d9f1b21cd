using System.Globalization;
using System.Text.Json.Serialization;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace Backstop.Emulation;

/// <summary>The parts of a profile that somebody wants otherwise. What is null stays as it is.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed class ProfileChange
{
    /// <summary>A profile to start from instead of the present one.</summary>
    public string? Base { get; set; }

    public string? Name { get; set; }

    public double? ToxicRate { get; set; }

    public double? SchemaFailRate { get; set; }

    public double? Accuracy { get; set; }

    public double? AttackToxicity { get; set; }

    public double? PiiRate { get; set; }

    public double? ErrorRate { get; set; }

    public double? LatencyMedianMs { get; set; }

    public double? LatencyP99Ms { get; set; }

    /// <summary>The profile after the change.</summary>
    public EmulatorProfile ApplyTo(EmulatorProfile profile) => profile with
    {
        Name = Name ?? profile.Name,
        ToxicRate = ToxicRate ?? profile.ToxicRate,
        SchemaFailRate = SchemaFailRate ?? profile.SchemaFailRate,
        Accuracy = Accuracy ?? profile.Accuracy,
        AttackToxicity = AttackToxicity ?? profile.AttackToxicity,
        PiiRate = PiiRate ?? profile.PiiRate,
        ErrorRate = ErrorRate ?? profile.ErrorRate,
        LatencyMedianMs = LatencyMedianMs ?? profile.LatencyMedianMs,
        LatencyP99Ms = LatencyP99Ms ?? profile.LatencyP99Ms,
    };
}

/// <summary>The profiles an emulator knows by name: the built-in ones and those of a file.</summary>
internal sealed class ProfileBook
{
    private readonly Dictionary<string, EmulatorProfile> _profiles = new(StringComparer.Ordinal)
    {
        ["v7"] = EmulatorProfile.V7,
        ["v8"] = EmulatorProfile.V8,
    };

    /// <summary>The names of the profiles, in order.</summary>
    public IEnumerable<string> Names => _profiles.Keys.Order(StringComparer.Ordinal);

    public EmulatorProfile? Find(string name) => _profiles.GetValueOrDefault(name);

    /// <summary>Adds the profiles of a YAML or JSON text: a map of names to the fields of <see cref="ProfileChange"/>.</summary>
    /// <returns>The names that were read.</returns>
    /// <exception cref="FormatException">The text is no such map; the message says where.</exception>
    public IReadOnlyList<string> Read(string text)
    {
        Dictionary<string, ProfileChange?>? changes;
        try
        {
            // JSON is a subset of YAML 1.2, so one reader serves both.
            changes = new DeserializerBuilder()
                .WithNamingConvention(UnderscoredNamingConvention.Instance)
                .Build()
                .Deserialize<Dictionary<string, ProfileChange?>>(text);
        }
        catch (YamlException mistake)
        {
            var why = mistake.InnerException?.Message ?? mistake.Message;
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"line {mistake.Start.Line}: {why}"), mistake);
        }

        foreach (var (name, change) in changes ?? [])
        {
            var start = change?.Base is { } wanted
                ? Find(wanted) ?? throw new FormatException($"{name}: there is no profile '{wanted}' to start from; there are {string.Join(", ", Names)}.")
                : Find(name) ?? new EmulatorProfile { Name = name };
            var profile = (change ?? new()).ApplyTo(start with { Name = name });
            _profiles[name] = profile.Mistake() is { } mistake ? throw new FormatException($"{name}: {mistake}") : profile;
        }

        return [.. (changes ?? []).Keys];
    }
}
