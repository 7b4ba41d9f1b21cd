namespace Backstop.Core.Tests.Guards;

/// <summary>The public data sets, which are not part of the repository.</summary>
internal static class PublicData
{
    /// <summary>A folder of the data; skips the test where the data is absent.</summary>
    public static string Folder(string name)
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            var root = Environment.GetEnvironmentVariable("BACKSTOP_DATA") ?? Path.Combine(at.FullName, "shared", "data");
            if (Directory.Exists(Path.Combine(root, name)))
            {
                return Path.Combine(root, name);
            }
        }

        Assert.Skip($"The data folder {name} is absent; set BACKSTOP_DATA.");
        return name;
    }
}
