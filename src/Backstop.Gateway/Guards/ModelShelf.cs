using System.Collections.Concurrent;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Remote;

namespace Backstop.Gateway.Guards;

/// <summary>The classifiers in files that this gateway has loaded: each once, whichever releases ask it.</summary>
/// <remarks>
/// Loading takes seconds and judging milliseconds, both off the threads that wait for sockets. What could not be loaded is tried
/// again with the next question that the breaker lets through, so that a file which is put in its place is found.
/// </remarks>
/// <param name="always">What is asked for beside the releases' policies.</param>
/// <param name="files">Reads a file of a policy, and says that it is the one that was meant.</param>
/// <param name="runtime">What runs them; it is not touched before a policy names a model.</param>
public sealed class ModelShelf(IEnumerable<GuardPolicy> always, Func<ModelFile, byte[]> files, Func<IModelRuntime> runtime)
{
    private readonly ConcurrentDictionary<ModelGuard, Lazy<Task<ILoadedModel>>> _models = new();
    private readonly Lazy<IModelRuntime> _runtime = new(runtime, LazyThreadSafetyMode.PublicationOnly);

    /// <summary>Begins to load what is named, so that the first text does not wait for it, and lets go of all else.</summary>
    /// <param name="serving">The policies of the releases that are served from now on.</param>
    internal void Follow(IEnumerable<GuardPolicy> serving)
    {
        var named = serving.Concat(always).SelectMany(policy => policy.Models.Values).ToHashSet();
        foreach (var model in named)
        {
            _ = Loaded(model);
        }

        foreach (var model in _models.Keys.Where(model => !named.Contains(model)))
        {
            _models.TryRemove(model, out _); // A question that is with it keeps it until it is answered.
        }
    }

    internal async Task<RemoteAnswer> Ask(RemoteQuestion question, CancellationToken cancel)
    {
        var guard = (ModelGuard)question.Guard;
        ILoadedModel model;
        try
        {
            model = await Loaded(guard).WaitAsync(cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _models.TryRemove(guard, out _);
            return RemoteAnswer.None(question, CheckFailure.Error, $"its model cannot be loaded: {e.Message}");
        }

        try
        {
            var windows = await Task.Run(() => model.Score(question.Text, cancel), cancel).WaitAsync(cancel);
            return ModelScores.Read(question, windows);
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            // Only the kind of the exception is kept: its message could quote the text.
            return RemoteAnswer.None(question, CheckFailure.Error, $"its model failed with {e.GetType().Name}");
        }
    }

    private Task<ILoadedModel> Loaded(ModelGuard guard) => _models.GetOrAdd(
        guard, model => new(() => Task.Run(() => _runtime.Value.Load(model, files(model.Graph), files(model.Tokenizer))))).Value;
}
