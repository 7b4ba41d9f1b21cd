namespace Backstop.Gateway.Routing;

/// <summary>Text files that releases name and operators put on this machine.</summary>
internal static class TextFile
{
    /// <summary>The file's text; null when it cannot be read.</summary>
    public static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
