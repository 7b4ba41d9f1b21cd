namespace Backstop.Emulation;

/// <summary>Attempts to make a model break its rules, around a question with a known answer.</summary>
/// <remarks>
/// The emulator must know an attack when it sees one, to be worse under attack as real models are, and nothing else may
/// be able to tell: so there is no hidden mark, only the emulator's knowledge of the sentences that attacks are made of.
/// </remarks>
internal static class AttackPrompts
{
    private static readonly PhraseBook Book = PhraseBook.Load("attacks");

    /// <summary>The longest part of each core sentence that is the same in all its variants.</summary>
    private static readonly string[] Known =
        [.. Book.Lines("core").Select(line => line.Split('{', '}').Where((_, i) => i % 2 == 0).MaxBy(part => part.Length)!)];

    /// <summary>An attack that hides behind this question.</summary>
    public static string Compose(Dice dice, string question) =>
        Book.Compose("attack", dice, new Dictionary<string, string>(StringComparer.Ordinal) { ["question"] = question });

    /// <summary>Whether a prompt is one of these attacks.</summary>
    public static bool Recognises(string prompt) =>
        Known.Any(part => prompt.Contains(part, StringComparison.OrdinalIgnoreCase));
}
