using System.CommandLine;
using System.Globalization;
using Backstop.CommandLine;
using Backstop.Core.Incidents.Suspects;
using Backstop.Simulation.Detection;
using Backstop.Simulation.Incidents;

namespace Backstop.Commands;

/// <summary><c>backstop lab corpus</c>: incidents whose cause is known, and who finds it.</summary>
internal static class LabCorpus
{
    private static readonly CorpusOptions Usual = new();

    private static readonly Option<int> Cases = new("--cases") { Description = "Incidents to make, 1 to 1000000.", DefaultValueFactory = _ => Usual.Cases };
    private static readonly Option<int> Seed = new("--seed") { Description = "Another seed, other incidents.", DefaultValueFactory = _ => Usual.Seed };
    private static readonly Option<double> Effect = new("--effect") { Description = "How strong the causes are, 0.01 to 1.", DefaultValueFactory = _ => Usual.Effect };
    private static readonly Option<double> Nothing = new("--nothing") { Description = "Share of the cases in which nothing is wrong, 0 to 1.", DefaultValueFactory = _ => Usual.NothingShare };
    private static readonly Option<double> Missing = new("--missing") { Description = "Share of the sensors that are not there, 0 to 0.9.", DefaultValueFactory = _ => Usual.Missing };
    private static readonly Option<double> Late = new("--late") { Description = "The onset is estimated wrong by up to so many minutes, 0 to 120." };
    private static readonly Option<int> Judged = new("--judged") { Description = "Judged requests of each arm at the first look, 10 to 2400.", DefaultValueFactory = _ => Usual.Judged };
    private static readonly Option<int> Decoys = new("--decoys") { Description = "Most changes that have nothing to do with it, 0 to 20.", DefaultValueFactory = _ => Usual.Decoys };
    private static readonly Option<double> Noise = new("--noise") { Description = "How much days differ without a cause, 0 to 1.", DefaultValueFactory = _ => Usual.Noise };
    private static readonly Option<bool> NoHoldback = new("--no-holdback") { Description = "Nobody stays on the previous release." };
    private static readonly Option<string?> Family = new("--family") { Description = "Only the families whose name contains this." };

    public static Verb Create()
    {
        Cases.Between(1, 1_000_000);
        Effect.Between(0.01, 1);
        Nothing.Between(0, 1);
        Missing.Between(0, 0.9);
        Late.Between(0, 120);
        Judged.Between(10, 2400);
        Decoys.Between(0, 20);
        Noise.Between(0, 1);
        return new("corpus", "Incidents whose cause is known: make them, and score who finds it.") { Generate(), Score() };
    }

    private static Verb Generate()
    {
        var closer = new Option<bool>("--closer") { Description = "As known after a closer look: everything judged, more probes, ablation replay." };
        var output = new Option<FileInfo?>("--out") { Description = "File to write, one case a line; standard output if absent." };
        var verb = new Verb("generate", "Write incidents as cases, a line each, with the truth in them.")
        {
            Examples = ["backstop lab corpus generate --cases 100 --out cases.jsonl", "backstop lab corpus generate --cases 5 --family nulls --closer"],
        };
        AddKnobs(verb);
        verb.Options.Add(closer);
        verb.Options.Add(output);
        verb.SetAction(line =>
        {
            var (options, plan) = Planned(line);
            using var file = line.GetValue(output)?.CreateText();
            var writer = file ?? line.InvocationConfiguration.Output;
            for (var i = 0; i < options.Cases; i++)
            {
                var incident = plan(i);
                writer.WriteLine(CaseWriter.Write(line.GetValue(closer) ? incident.Closer.Value : incident.First));
            }
        });
        return verb;
    }

    private static Verb Score()
    {
        var file = new Option<FileInfo?>("--from") { Description = "Score these cases (.jsonl, each with its truth) instead of making some." };
        var json = Verb.JsonOption();
        var verb = new Verb("score", "Score diagnosis, and the rules of thumb beside it, on incidents whose cause is known.")
        {
            Examples = ["backstop lab corpus score", "backstop lab corpus score --late 5 --seed 2 --json", "backstop lab corpus score --from cases.jsonl"],
        };
        AddKnobs(verb);
        verb.Options.Add(file);
        verb.Options.Add(json);
        verb.SetAction(async (line, cancel) =>
        {
            var tallies = DiagnosisMethod.All.Select(method => new DiagnosisTally(method.Name)).ToArray();
            var subject = line.GetValue(file) is { } from
                ? ScoreFile(await File.ReadAllLinesAsync(from.FullName, cancel), from.Name, tallies)
                : ScoreMade(line, tallies, line.InvocationConfiguration.Error);
            var scores = tallies.Select(tally => tally.Close()).ToArray();
            if (line.GetValue(json))
            {
                line.InvocationConfiguration.Output.WriteJson(new { Subject = subject, Methods = scores });
            }
            else
            {
                Explain(line.InvocationConfiguration.Output, subject, scores);
            }
        });
        return verb;
    }

    private static void AddKnobs(Verb verb)
    {
        foreach (var option in (Option[])[Cases, Seed, Effect, Nothing, Missing, Late, Judged, Decoys, Noise, NoHoldback, Family])
        {
            verb.Options.Add(option);
        }
    }

    private static (CorpusOptions Options, Func<int, SimulatedIncident> Plan) Planned(ParseResult line)
    {
        var options = new CorpusOptions
        {
            Cases = line.GetValue(Cases),
            Seed = line.GetValue(Seed),
            Effect = line.GetValue(Effect),
            NothingShare = line.GetValue(Nothing),
            Missing = line.GetValue(Missing),
            Late = TimeSpan.FromMinutes(line.GetValue(Late)),
            Judged = line.GetValue(Judged),
            Decoys = line.GetValue(Decoys),
            Noise = line.GetValue(Noise),
            Holdback = !line.GetValue(NoHoldback),
            Family = line.GetValue(Family),
        };
        try
        {
            return (options, Corpus.Plan(options));
        }
        catch (ArgumentException e)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    private static string ScoreMade(ParseResult line, DiagnosisTally[] tallies, TextWriter progress)
    {
        var (options, plan) = Planned(line);
        var (done, tenth) = (0, Math.Max(1, options.Cases / 10));
        Parallel.For(0, options.Cases, new() { MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
        {
            var incident = plan(i);
            Answer(i, incident.First, () => incident.Closer.Value, tallies);
            if (Interlocked.Increment(ref done) % tenth == 0 && options.Cases >= 1000)
            {
                progress.WriteLine($"{done} of {options.Cases}");
            }
        });
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Cases} incidents, seed {options.Seed}, effect {options.Effect}, {options.Missing * 100:0} % of the sensors missing, onset wrong by up to {options.Late.TotalMinutes:0} min, {options.Judged} judged an arm at first");
    }

    private static string ScoreFile(string[] lines, string name, DiagnosisTally[] tallies)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i]))
            {
                continue;
            }

            try
            {
                var incident = CaseReader.Read(lines[i]);
                Answer(i, incident.Truth is null ? throw new FormatException("A case to be scored needs a 'truth'.") : incident, null, tallies);
            }
            catch (FormatException e)
            {
                throw CommandFailure.Usage($"{name}, line {i + 1}: {e.Message} The format: docs/incidents.md.");
            }
        }

        return lines.Any(line => !string.IsNullOrWhiteSpace(line)) ? name : throw CommandFailure.Usage($"{name} holds no case.");
    }

    private static void Answer(int number, IncidentCase first, Func<IncidentCase>? closer, DiagnosisTally[] tallies)
    {
        var shown = new PresentedCase(first, closer, (ulong)number);
        for (var m = 0; m < tallies.Length; m++)
        {
            tallies[m].Add(number, first.Truth!, DiagnosisMethod.All[m].Diagnose(shown));
        }
    }

    private static void Explain(TextWriter output, string subject, DiagnosisScore[] scores)
    {
        output.WriteLine(subject);
        output.WriteLine();
        output.WriteLine("method                     right  first two  of four  surest 80 %  named  right if named  specificity  useless rollback  missed  calibration");
        foreach (var s in scores)
        {
            output.WriteLine($"{s.Method,-24} {Show(s.Top1)}    {Show(s.Top2)}  {Show(s.FourWay)}      {Show(s.Sure80)} {Show(s.Answered)}         {Show(s.RightWhenAnswered)}      {Show(s.Specificity)}           {Show(s.UselessRollback)} {Show(s.MissedRollback)}        {s.CalibrationError.ToString("0.000", CultureInfo.InvariantCulture)}");
        }

        output.WriteLine();
        output.WriteLine($"ours: right of the surest 10 %, 20 % … 100 %: {string.Join("  ", scores[0].RiskCoverage.Select(r => Percent(r.Right)))}");
        output.WriteLine($"ours: both named where two are to blame {Show(scores[0].BothNamed).Trim()}; rolling back called useless where it helps {Show(scores[0].ForbiddenRollback).Trim()}; Brier {scores[0].Brier.ToString("0.000", CultureInfo.InvariantCulture)}");
        output.WriteLine();
        output.WriteLine("family, ours                        right   rollback advised   answered most often");
        foreach (var row in scores[0].Families.OrderBy(f => f.Top1.Value))
        {
            output.WriteLine($"{row.Family,-34} {Show(row.Top1)}            {Percent(row.RollbackAdvised)}   {row.MostOften} ({row.Top1.Trials})");
        }
    }

    private static string Show(Proportion? share) => share is null ? "      -" : Percent(share.Value);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100,5:0.0} %");
}
