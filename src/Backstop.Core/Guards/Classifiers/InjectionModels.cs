using Backstop.Core.Text;

namespace Backstop.Core.Guards.Classifiers;

/// <summary>What judges a text together.</summary>
/// <param name="Part">Whether a sentence, or neighbouring ones, are an attempt.</param>
/// <param name="Whole">Whether the whole text is one.</param>
/// <param name="Request">Whether a sentence asks an assistant for something, harmless or not.</param>
/// <param name="Place">What it means that a part stands where it does, see <see cref="Standing"/>.</param>
public sealed record InjectionModels(LinearModel Part, LinearModel Whole, LinearModel Request, LinearModel Place)
{
    public static InjectionModels Embedded() => new(Read("injection"), Read("injection.whole"), Read("injection.request"), Read("injection.place"));

    private static LinearModel Read(string name) => LinearModel.Read(EmbeddedText.Bytes($"{name}.weights"));
}
