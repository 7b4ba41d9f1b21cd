using System.Diagnostics;
using System.Globalization;
using Backstop.Core.Evidence.Sketches;

namespace Backstop.EndToEnd.Tests;

/// <summary>DataDog's own library reads our sketches, and we read its.</summary>
public sealed class SketchPeerTests
{
    private static readonly double[] Values = [0, 0.0004, 0.02, 0.8, 1, 1.3, 2, 2, 17, 950, 86_400];

    [Fact]
    public async Task Sketches_go_to_the_peer_and_come_from_it_without_loss()
    {
        var ours = new QuantileSketch();
        foreach (var value in Values)
        {
            ours.Add(value);
        }

        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "npm-sketches")).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Npm", "Sketches")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
        }

        await Run("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"], folder);
        var printed = await Run(
            "node",
            ["sketch.mjs", Convert.ToBase64String(DDSketchFormat.Write(ours)), .. Values.Select(v => v.ToString("R", CultureInfo.InvariantCulture))], folder);
        var lines = printed.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        double[] read = [.. lines[0].Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture))];
        Assert.Equal(Values.Length, read[0]);
        foreach (var (quantile, value) in new[] { 0, 0.5, 0.9, 0.99, 1 }.Zip(read[1..]))
        {
            Assert.Equal(ours.Quantile(quantile)!.Value, value, 1e-9 * Math.Max(1, value));
        }

        var theirs = DDSketchFormat.Read(Convert.FromBase64String(lines[1]));
        Assert.Equal((ours.Count, ours.ZeroCount, ours.RelativeAccuracy), (theirs.Count, theirs.ZeroCount, theirs.RelativeAccuracy));
        Assert.Equal(Filled(ours), Filled(theirs));
        theirs.Merge(ours);
        Assert.Equal(2 * ours.Count, theirs.Count);
    }

    private static (int Bin, long Count)[] Filled(QuantileSketch sketch) =>
        [.. sketch.Bins.ToArray().Select((n, i) => (sketch.FirstBin + i, n)).Where(b => b.n > 0)];

    private static async Task<string> Run(string program, string[] arguments, string folder)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var errors = process.StandardError.ReadToEndAsync(cancel);
        var output = await process.StandardOutput.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {await errors}{output}");
        return output;
    }
}
