using System.Globalization;
using System.Text;
using System.Text.Json;
using Backstop.Control.Incidents;
using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Release = Backstop.Core.Registry.Release;
using ReleaseResult = Backstop.Core.Registry.ReleaseResult;

namespace Backstop.Control.Tests.Incidents;

/// <summary>Whatever a gateway forgot to redact, wherever it stands in a sample: nothing of it reaches the store's files.</summary>
public sealed class RedactionPropertyTests : IAsyncLifetime
{
    private const string Alias = "assistant:prod";
    private const int Samples = 400;

    private readonly string _directory = Directory.CreateTempSubdirectory("backstop-redaction-").FullName;
    private DurableStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _store = DurableStore.At(new StoreAddress.Sqlite(_directory));
        await _store.Open(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _store.Dispose();
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task No_personal_data_reaches_a_file_of_the_store_wherever_a_sample_holds_it(int seed)
    {
        var luck = new Random(seed);
        var (bad, good) = (Registered("v8"), Registered("v7"));
        var releases = new ReleaseStore(_store, TimeProvider.System);
        await releases.Register(bad, "test");
        await releases.Register(good, "test");
        var shelf = new SampleShelf(NullLogger<SampleShelf>.Instance);
        var secrets = new List<string>();
        for (var i = 0; i < Samples; i++)
        {
            var secret = Secret(luck);
            secrets.Add(secret);
            shelf.Keep([Seeded(bad.Digest, i, secret, luck)]);
        }

        // Some samples without any, so that an empty store cannot pass.
        shelf.Keep(Enumerable.Range(Samples, 10).Select(i => Sample(bad.Digest, $"request-{i}", [("user", $"What is {i} plus one?")])));
        var book = new IncidentBook(_store, releases, shelf, new(_store, TimeProvider.System), TimeProvider.System);
        var incident = await book.Raise(new() { Alias = Alias, Release = bad.Digest, Baseline = good.Digest, Blamed = true, Reason = "worse" });

        Assert.Equal(10, incident.Samples.Length);
        _store.Dispose();
        var stored = string.Concat(Directory.GetFiles(_directory, "*", SearchOption.AllDirectories).Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file))));
        Assert.Contains("What is 400 plus one?", stored, StringComparison.Ordinal);
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, stored, StringComparison.OrdinalIgnoreCase));
    }

    private static Sample Seeded(string release, int number, string secret, Random luck)
    {
        var text = $"{Words(luck)} {secret} {Words(luck)}";
        var sample = Sample(release, $"request-{number}", [("user", Words(luck)), ("assistant", Words(luck))]);
        switch (luck.Next(7))
        {
            case 0: sample.Messages = Messages([("user", text)]); break;
            case 1: sample.Messages = Messages([("user", Words(luck)), ("assistant", text), ("user", Words(luck))]); break;
            case 2: sample.Messages = Messages([(text, Words(luck))]); break;
            case 3: sample.Messages = JsonSerializer.Serialize(new[] { new { role = "user", content = new[] { new { type = "text", text = Words(luck) }, new { type = "text", text } } } }); break;
            case 4: sample.Answer = $$"""{"answer": "{{text}}"}"""; break;
            case 5: sample.Expected = text; break;
            default: sample.RequestId = text; break;
        }

        return sample;
    }

    private static Sample Sample(string release, string id, (string Role, string Content)[] messages) => new()
    {
        Alias = Alias, Release = release, RequestId = id, Outcome = "Wrong", Messages = Messages(messages), Answer = """{"answer": "none"}""", Expected = "42",
    };

    private static string Messages((string Role, string Content)[] messages) => JsonSerializer.Serialize(messages.Select(m => new { role = m.Role, content = m.Content }));

    private static string Secret(Random luck) => luck.Next(4) switch
    {
        0 => $"{Name(luck)}.{Name(luck)}{luck.Next(10, 99)}@{Name(luck)}.example",
        1 => Card(luck, luck.Next(2) == 0 ? " " : "-"),
        2 => Card(luck, ""),
        _ => Iban(luck),
    };

    // A number of sixteen digits that Luhn's check accepts.
    private static string Card(Random luck, string between)
    {
        var digits = new int[16];
        digits[0] = 4;
        for (var i = 1; i < 15; i++)
        {
            digits[i] = luck.Next(10);
        }

        var sum = digits.Take(15).Select((d, i) => i % 2 == 0 ? (2 * d > 9 ? (2 * d) - 9 : 2 * d) : d).Sum();
        digits[15] = (10 - (sum % 10)) % 10;
        return string.Join(between, digits.Chunk(4).Select(four => string.Concat(four)));
    }

    // Germany's form: two check digits after the country (ISO 7064, mod 97-10).
    private static string Iban(Random luck)
    {
        var account = string.Concat(Enumerable.Range(0, 18).Select(_ => luck.Next(10).ToString(CultureInfo.InvariantCulture)));
        var rest = (account + "131400").Aggregate(0, (remainder, digit) => ((remainder * 10) + (digit - '0')) % 97);
        return $"DE{98 - rest:00}{account}";
    }

    private static string Words(Random luck) => string.Join(' ', Enumerable.Range(0, luck.Next(1, 6)).Select(_ => Name(luck)));

    private static string Name(Random luck) => string.Concat(Enumerable.Range(0, luck.Next(3, 9)).Select(i => (i % 2 == 0 ? "bdfgklmnprst" : "aeiou")[luck.Next(i % 2 == 0 ? 12 : 5)]));

    private static Release Registered(string name) =>
        ((ReleaseResult.Parsed)Release.Parse(name, $$"""{ "serving": { "model": "{{name}}", "replicas": ["http://127.0.0.1:9"] } }""")).Release;
}
