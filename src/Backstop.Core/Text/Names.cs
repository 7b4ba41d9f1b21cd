namespace Backstop.Core.Text;

/// <summary>What a name in the registry may look like.</summary>
public static class Names
{
    /// <summary>1 to 100 ASCII letters, digits, '.', '-', '_'.</summary>
    public static bool IsValid(string name) =>
        name.Length is > 0 and <= 100 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>An alias is two names joined by a colon, such as <c>assistant:prod</c>.</summary>
    public static bool IsAlias(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && IsValid(name[..colon]) && IsValid(name[(colon + 1)..]);
    }
}
