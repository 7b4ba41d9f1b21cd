namespace Backstop.Simulation.Training;

/// <summary>One labelled text.</summary>
/// <param name="Group">Texts of one group share a template or a prompt and must stay on one side of any split.</param>
/// <param name="Weight">How much it counts in training; measuring ignores it. 0 for rows that only show what a request is.</param>
public sealed record TrainingRow(string Id, string Text, bool Positive, string Group, string Source, string Kind = "", string Language = "en")
{
    public double Weight { get; init; } = 1;

    /// <summary>Which part of the text must be caught, where that is known.</summary>
    public string? Culprit { get; init; }
}
