using System.Text.RegularExpressions;

namespace Backstop.Core.Guards.Checks.Patterns;

/// <summary>Regular expressions that a policy brings along: linear in the length of the text, or refused.</summary>
public static class UserPattern
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <summary>Compiles one expression.</summary>
    /// <param name="whole">Whether it must match all of a text and not some part.</param>
    /// <exception cref="GuardPolicyException">It is no expression, or one that could take more than linear time.</exception>
    public static Regex Compile(string pattern, string path, bool whole = false, bool ignoreCase = false)
    {
        try
        {
#pragma warning disable MA0009 // This engine takes linear time on every text.
            return new Regex(whole ? $@"\A(?:{pattern})\z" : pattern, ignoreCase ? Linear | RegexOptions.IgnoreCase : Linear);
#pragma warning restore MA0009
        }
        catch (NotSupportedException e)
        {
            throw new GuardPolicyException(
                $"{path}: '{pattern}' could take more than linear time on some text, so it is refused: lookarounds, backreferences, atomic groups "
                + $"and very large repeats are not possible. ({e.Message})",
                e);
        }
        catch (ArgumentException e)
        {
            throw new GuardPolicyException($"{path}: '{pattern}' is not a regular expression. {e.Message}", e);
        }
    }

    /// <summary>Compiles the list of expressions under a key; none when it is absent.</summary>
    public static Regex[] CompileAll(PolicyNode with, string key, bool whole) =>
        [.. (with.Texts(key) ?? []).Select(pattern => Compile(pattern, $"{with.Path}.{key}", whole))];
}
