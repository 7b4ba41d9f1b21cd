using System.CommandLine;
using Backstop.CommandLine;
using Backstop.Emulation;

namespace Backstop.Commands;

/// <summary><c>backstop emulate</c>: a model server with failure modes.</summary>
internal static class EmulateCommand
{
    public static Command Create()
    {
        var profile = new Option<string>("--profile") { Description = "The release to emulate: v7, v8, or a name from --profiles.", DefaultValueFactory = _ => "v7" };
        var profiles = new Option<string?>("--profiles") { Description = "A YAML or JSON file with further profiles, by name." };
        var host = new Option<string>("--host") { Description = "Address to listen on.", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--port") { Description = "Port to listen on; 0 lets the system choose.", DefaultValueFactory = _ => 8007 };
        var model = new Option<string?>("--model") { Description = "Serve this model name only; any other gets a 404." };
        var seed = new Option<long>("--seed") { Description = "Seed of all draws.", DefaultValueFactory = _ => 1 };
        var truth = new Option<string?>("--truth") { Description = "Append what each answer really was to this file, one JSON line each." };
        var json = Verb.JsonOption();
        var change = new ChangeOptions();

        var verb = new Verb("emulate", "Run a model server that speaks the OpenAI chat API and fails as told.")
        {
            Examples =
            [
                "backstop emulate --profile v8 --port 8008 --truth v8.truth.jsonl",
                "backstop emulate --profile v7 --accuracy 0.5 --latency-p99 2000",
                "backstop emulate --profiles pools.yaml --profile slow",
                "curl -X POST 127.0.0.1:8007/emulator/profile -H 'content-type: application/json' -d '{\"accuracy\": 0.5}'",
                "curl 127.0.0.1:8007/emulator/truth/summary",
            ],
        };
        foreach (var option in (Option[])[profile, profiles, host, port, model, seed, truth, .. change.All, json])
        {
            verb.Options.Add(option);
        }

        verb.SetAction(async (line, cancellation) =>
        {
            var book = ReadProfiles(line.GetValue(profiles));
            var name = line.GetValue(profile)!;
            var found = book.Find(name)
                ?? throw new CommandFailure($"There is no profile '{name}'; there are {string.Join(", ", book.Names)}.", ExitCode.Usage, "backstop emulate --help");
            var chosen = change.Read(line).ApplyTo(found);
            if (chosen.Mistake() is { } mistake)
            {
                throw new CommandFailure(mistake, ExitCode.Usage, "backstop emulate --help");
            }

            await using var server = await Start(new EmulatorSettings
            {
                Profile = chosen,
                Profiles = book,
                Host = line.GetValue(host)!,
                Port = line.GetValue(port),
                Model = line.GetValue(model),
                Seed = line.GetValue(seed),
                TruthFile = line.GetValue(truth),
            });
            Announce(line.InvocationConfiguration.Output, server, line.GetValue(json));
            await server.WaitForShutdown(cancellation);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static ProfileBook ReadProfiles(string? path)
    {
        var book = new ProfileBook();
        if (path is not null)
        {
            try
            {
                book.Read(File.ReadAllText(path));
            }
            catch (Exception mistake) when (mistake is FormatException or IOException or UnauthorizedAccessException)
            {
                throw new CommandFailure($"{path}: {mistake.Message}", ExitCode.Usage, "backstop emulate --help", mistake);
            }
        }

        return book;
    }

    private static async Task<EmulatorServer> Start(EmulatorSettings settings)
    {
        try
        {
            return await EmulatorServer.Start(settings);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure(failure.Message, ExitCode.Unexpected, "backstop emulate --port 0", failure);
        }
    }

    private static void Announce(TextWriter output, EmulatorServer server, bool json)
    {
        if (json)
        {
            output.WriteJson(new { Url = server.Url.ToString().TrimEnd('/'), server.Profile });
            return;
        }

        var release = server.Profile;
        output.WriteLine($"Emulating {release.Name} at {server.Url}v1 (stop with Ctrl+C)");
        output.WriteLine($"  toxic {release.ToxicRate:P1} (under attack {Math.Min(1, release.ToxicRate + release.AttackToxicity):P1}), " +
            $"malformed {release.SchemaFailRate:P1}, correct {release.Accuracy:P1}, errors {release.ErrorRate:P1}, " +
            $"answers in {release.LatencyMedianMs} ms (99 % within {release.LatencyP99Ms} ms)");
    }

    /// <summary>Every field of a profile as an option that overrides it.</summary>
    private sealed class ChangeOptions
    {
        private readonly Option<string?> _name = new("--name") { Description = "Name of the release in answers, instead of the profile's." };
        private readonly Option<double?> _toxic = new("--toxic") { Description = "Share of abusive answers, 0 to 1." };
        private readonly Option<double?> _schema = new("--schema-fail") { Description = "Share of answers that are not the JSON asked for." };
        private readonly Option<double?> _accuracy = new("--accuracy") { Description = "Share of right answers to questions that have one." };
        private readonly Option<double?> _attack = new("--attack-toxicity") { Description = "Added to the abusive share under attack." };
        private readonly Option<double?> _pii = new("--pii") { Description = "Share of answers that leak an e-mail address or card number." };
        private readonly Option<double?> _errors = new("--errors") { Description = "Share of requests that fail with HTTP 500." };
        private readonly Option<double?> _median = new("--latency-median") { Description = "Milliseconds within which half of the answers are complete." };
        private readonly Option<double?> _p99 = new("--latency-p99") { Description = "Milliseconds within which 99 of 100 answers are complete." };

        public Option[] All => [_name, _toxic, _schema, _accuracy, _attack, _pii, _errors, _median, _p99];

        public ProfileChange Read(ParseResult line) => new()
        {
            Name = line.GetValue(_name),
            ToxicRate = line.GetValue(_toxic),
            SchemaFailRate = line.GetValue(_schema),
            Accuracy = line.GetValue(_accuracy),
            AttackToxicity = line.GetValue(_attack),
            PiiRate = line.GetValue(_pii),
            ErrorRate = line.GetValue(_errors),
            LatencyMedianMs = line.GetValue(_median),
            LatencyP99Ms = line.GetValue(_p99),
        };
    }
}
