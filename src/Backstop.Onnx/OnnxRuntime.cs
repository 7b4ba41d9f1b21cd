using Backstop.Core.Guards.Remote;
using Microsoft.ML.OnnxRuntime;

namespace Backstop.Onnx;

/// <summary>Runs classifiers with ONNX Runtime.</summary>
public sealed class OnnxRuntime : IModelRuntime
{
    public ILoadedModel Load(ModelGuard model, byte[] graph, byte[] tokenizer)
    {
        try
        {
            return new OnnxModel(model, graph, TokenizerFile.Read(model, tokenizer));
        }
        catch (OnnxRuntimeException e)
        {
            throw new FormatException($"'{model.Graph.Path}' is no model that ONNX Runtime can run: {e.Message}", e);
        }
    }
}
