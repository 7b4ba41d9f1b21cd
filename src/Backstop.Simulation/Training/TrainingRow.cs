namespace Backstop.Simulation.Training;

/// <summary>One labelled text.</summary>
/// <param name="Group">Texts of one group share a template or a prompt and must stay on one side of any split.</param>
/// <param name="Weight">How much it counts in training; measuring ignores it.</param>
public sealed record TrainingRow(string Id, string Text, bool Positive, string Group, string Source, string Kind = "", string Language = "en")
{
    public double Weight { get; init; } = 1;
}
