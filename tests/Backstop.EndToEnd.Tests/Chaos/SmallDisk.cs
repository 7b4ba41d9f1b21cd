using System.Diagnostics;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>A disk that is soon full: a file system of its own, in memory.</summary>
/// <remarks>Needs Linux and root.</remarks>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    /// <summary>Mounts one at a directory that it makes; null where this is not allowed.</summary>
    public static SmallDisk? TryMount(string path, int mebibytes)
    {
        Directory.CreateDirectory(path);
        return OperatingSystem.IsLinux() && Environment.UserName == "root" && Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m,mode=755", "backstop-test", path) ? new(path) : null;
    }

    /// <summary>Leaves no byte free.</summary>
    public void Fill()
    {
        using var file = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var size = 1 << 20; size > 0;)
        {
            try
            {
                file.Write(new byte[size]);
            }
            catch (IOException)
            {
                size /= 2;
            }
        }
    }

    /// <summary>Makes room again.</summary>
    public void Clear() => File.Delete(Ballast);

    public void Dispose() => Assert.True(Run("umount", "-l", Path), $"{Path} could not be unmounted.");

    private static bool Run(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
