using Backstop.Core.Text;

namespace Backstop.Core.Gates;

/// <summary>How a suite and its version are written.</summary>
public static class SuiteNames
{
    /// <summary>Whether it can be the id of a suite.</summary>
    public static bool IsId(string text) => Names.IsValid(text);

    /// <summary>Whether it is a digest: <c>sha256:</c> and 64 hexadecimal digits.</summary>
    public static bool IsDigest(string text) =>
        text.StartsWith("sha256:", StringComparison.Ordinal) && text.Length == 71 && text.Skip(7).All(char.IsAsciiHexDigitLower);

    public static string Wrong(string key, string text) => $"'{key}' is '{text}': use 1 to 100 letters, digits, '.', '-' or '_'.";

    public static string WrongDigest(string key, string text) => $"'{key}' is '{text}': write sha256: and 64 hexadecimal digits, as 'backstop gate run FOLDER --dry-run --json' prints it.";
}
