using System.Text.RegularExpressions;

namespace Backstop.EndToEnd.Tests;

/// <summary>What the servers of these tests wrote is looked through for keys before it is thrown away, whatever they were started for.</summary>
internal static partial class LogFiles
{
    /// <summary>Expects that no log in a directory holds a key.</summary>
    public static void HoldNoKey(string directory)
    {
        foreach (var log in Directory.GetFiles(directory, "*.log", SearchOption.AllDirectories))
        {
            Assert.DoesNotMatch(Key(), File.ReadAllText(log));
        }
    }

    // The form of a key whole: its first half is a name and may be told.
    [GeneratedRegex("bsk_[0-9a-f]{12}_[0-9a-f]{16}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Key();
}
