namespace Backstop.Core.Guards.Remote;

/// <summary>What a classifier's numbers say about a text.</summary>
/// <remarks>The worst window decides for each label: what is hidden behind a long preface is seen.</remarks>
public static class ModelScores
{
    /// <param name="windows">For each window the model's outputs, in the order of its labels.</param>
    public static RemoteAnswer Read(RemoteQuestion question, IReadOnlyList<float[]> windows)
    {
        var model = (ModelGuard)question.Guard;
        var worst = new double[model.Labels.Length];
        foreach (var outputs in windows)
        {
            if (outputs.Length != worst.Length || !Array.TrueForAll(outputs, float.IsFinite))
            {
                return RemoteAnswer.None(question, CheckFailure.Error, "its outputs are not one number for each label");
            }

            var highest = outputs.Max();
            var whole = outputs.Sum(output => Math.Exp(output - highest));
            for (var i = 0; i < worst.Length; i++)
            {
                var score = model.IsMultiLabel ? 1 / (1 + Math.Exp(-outputs[i])) : Math.Exp(outputs[i] - highest) / whole;
                worst[i] = Math.Max(worst[i], score);
            }
        }

        return RemoteAnswer.Of(question, model.Labels
            .Select((label, i) => new RemoteFlag(label, worst[i]))
            .Where(flag => !Classifying.IsHarmless(flag.Category) && question.Use.Counts(flag)));
    }
}
