namespace Backstop.Core.Guards.Remote;

/// <summary>What runs classifiers from files. It comes from a folder of its own: a gateway whose policies name no models carries none of it.</summary>
public interface IModelRuntime
{
    /// <exception cref="FormatException">The files are not a model and its tokenizer, or not such as can be run; the message says why.</exception>
    ILoadedModel Load(ModelGuard model, byte[] graph, byte[] tokenizer);
}

/// <summary>A classifier that is ready to judge. For use by many threads at once.</summary>
public interface ILoadedModel
{
    /// <summary>Judges a text, window by window.</summary>
    /// <returns>For each window what the model puts out for each of its labels, before it is made a probability.</returns>
    /// <exception cref="OperationCanceledException">Nobody waits any longer.</exception>
    IReadOnlyList<float[]> Score(string text, CancellationToken left);
}
