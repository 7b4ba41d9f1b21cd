namespace Backstop.Simulation.Training;

public sealed record ScoredRow(TrainingRow Row, double Logit);

/// <summary>What training made: a model of parts, and perhaps those of whole texts, of requests and of places.</summary>
public sealed record TrainedModels(
    LogisticTrainer Part, LogisticTrainer? Whole, LogisticTrainer? Request, LogisticTrainer? Place, Func<double, double> Background)
{
    /// <summary>A text is as harmful as the worst of its parts.</summary>
    public ScoredRow Score(TrainingExample example)
    {
        var background = Whole is null ? 0 : Background(Whole.Logit(example.Whole));
        var places = Request is null ? null : example.Places(Request);
        return new ScoredRow(
            example.Row, background + example.Parts.Select((part, i) => Part.Logit(part) + (places is null ? 0 : Place!.Logit(places[i]))).Max());
    }

    /// <summary>The files of weights, by name.</summary>
    /// <param name="threshold">The logit from which a text is flagged.</param>
    public IReadOnlyList<(string File, ReadOnlyMemory<byte> Bytes)> Write(string name, double threshold)
    {
        var files = new List<(string, ReadOnlyMemory<byte>)> { ($"{name}.weights", Part.Quantise(threshold).Write()) };
        foreach (var (beside, model) in new[] { ("whole", Whole), ("request", Request), ("place", Place) })
        {
            if (model is not null)
            {
                files.Add(($"{name}.{beside}.weights", model.Quantise(0).Write()));
            }
        }

        return files;
    }
}
