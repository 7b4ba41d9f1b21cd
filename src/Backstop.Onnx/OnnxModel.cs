using Backstop.Core.Guards.Remote;
using Microsoft.ML.OnnxRuntime;

namespace Backstop.Onnx;

/// <summary>A text classifier as the usual exporters write them: numbers of tokens in, one number for each label out.</summary>
internal sealed class OnnxModel : ILoadedModel
{
    private const string Tokens = "input_ids", Mask = "attention_mask", Types = "token_type_ids", Logits = "logits";

    private readonly ModelGuard _guard;
    private readonly TextEncoder _encoder;
    private readonly InferenceSession _session;
    private readonly string[] _inputs;
    private readonly string[] _outputs;

    public OnnxModel(ModelGuard guard, byte[] graph, TextEncoder encoder)
    {
        using var options = new SessionOptions { IntraOpNumThreads = guard.Threads, InterOpNumThreads = 1, ExecutionMode = ExecutionMode.ORT_SEQUENTIAL };
        (_guard, _encoder, _session) = (guard, encoder, new InferenceSession(graph, options));
        _inputs = [.. _session.InputMetadata.Keys];
        _outputs = [_session.OutputMetadata.ContainsKey(Logits) ? Logits : _session.OutputMetadata.Keys.First()];
        if (!_inputs.Contains(Tokens) || Array.Find(_inputs, input => input is not (Tokens or Mask or Types) || _session.InputMetadata[input].ElementType != typeof(long)) is not null)
        {
            throw new FormatException($"it wants {string.Join(", ", _inputs)}; known are {Tokens}, {Mask} and {Types}, whole numbers of 64 bits.");
        }

        // Whether the outputs are those that the policy names is known now and not with the first text.
        var outputs = Run([encoder.Begin, encoder.End], CancellationToken.None);
        if (outputs.Length != guard.Labels.Length)
        {
            throw new FormatException($"it puts out {outputs.Length} numbers and the policy names {guard.Labels.Length} labels.");
        }
    }

    public IReadOnlyList<float[]> Score(string text, CancellationToken left)
    {
        var windows = new List<float[]>();
        foreach (var window in _encoder.Windows(text, _guard.MaxTokens, _guard.Overlap, left))
        {
            left.ThrowIfCancellationRequested();
            windows.Add(Run(window, left));
        }

        return windows;
    }

    private float[] Run(long[] tokens, CancellationToken left)
    {
        using var run = new RunOptions();
        using var stop = left.UnsafeRegister(static run => ((RunOptions)run!).Terminate = true, run);
        var values = Array.ConvertAll(_inputs, input => OrtValue.CreateTensorValueFromMemory(
            input switch { Tokens => tokens, Mask => [.. Enumerable.Repeat(1L, tokens.Length)], _ => new long[tokens.Length] }, [1, tokens.Length]));
        try
        {
            using var outputs = _session.Run(run, _inputs, values, _outputs);
            return outputs[0].GetTensorDataAsSpan<float>().ToArray();
        }
        catch (OnnxRuntimeException) when (left.IsCancellationRequested)
        {
            throw new OperationCanceledException(left);
        }
        finally
        {
            Array.ForEach(values, value => value.Dispose());
        }
    }
}
