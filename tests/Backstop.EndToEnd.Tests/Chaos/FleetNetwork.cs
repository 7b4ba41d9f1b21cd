using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Backstop.EndToEnd.Tests.Chaos;

/// <summary>A network of its own for every process, all on one bridge, so that any of them can be cut off from all others or from one.</summary>
/// <remarks>Needs Linux, iproute2 and root.</remarks>
internal sealed class FleetNetwork : IAsyncDisposable
{
    private readonly string _name;
    private readonly string _subnet;
    private int _places;

    private FleetNetwork(string name, string subnet) => (_name, _subnet) = (name, subnet);

    /// <summary>Where this process and whatever it starts outside of the network is reached.</summary>
    public IPAddress Here => IPAddress.Parse($"{_subnet}.1");

    /// <summary>Makes one; null where this is not allowed or cannot be done.</summary>
    public static async Task<FleetNetwork?> TryStart()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            return null;
        }

        // Names of network devices hold fifteen characters.
        var name = string.Create(CultureInfo.InvariantCulture, $"bs{Environment.ProcessId % 0xffffff:x}");
        var network = new FleetNetwork(name, string.Create(CultureInfo.InvariantCulture, $"10.{77 + (Environment.ProcessId % 100)}.{Environment.ProcessId / 100 % 250}"));
        if (await Said("link", "add", name, "type", "bridge") is not null)
        {
            return null;
        }

        if (await Said("netns", "add", $"{name}-") is not null)
        {
            await Say("link", "del", name);
            return null;
        }

        await Say("netns", "del", $"{name}-");
        await Say("addr", "add", $"{network.Here}/24", "dev", name);
        await Say("link", "set", name, "up");
        return network;
    }

    /// <summary>A place for one process.</summary>
    public async Task<Place> Add()
    {
        var number = ++_places;
        var place = new Place(IPAddress.Parse($"{_subnet}.{number + 10}"), $"{_name}-{number}", $"{_name}v{number}");
        await Say("netns", "add", place.Namespace);
        await Say("link", "add", place.Device, "type", "veth", "peer", "name", "eth0", "netns", place.Namespace);
        await Say("link", "set", place.Device, "master", _name, "up");
        await Say("-n", place.Namespace, "addr", "add", $"{place.Address}/24", "dev", "eth0");
        await Say("-n", place.Namespace, "link", "set", "eth0", "up");
        await Say("-n", place.Namespace, "link", "set", "lo", "up");
        return place;
    }

    public async ValueTask DisposeAsync()
    {
        for (var number = 1; number <= _places; number++)
        {
            await Said("netns", "del", $"{_name}-{number}"); // Its end of the cable goes with it.
        }

        await Say("link", "del", _name);
    }

    private static async Task Say(params string[] words) => Assert.Null(await Said(words));

    /// <summary>What <c>ip</c> complains of, or null.</summary>
    private static async Task<string?> Said(params string[] words)
    {
        try
        {
            using var ip = Process.Start(new ProcessStartInfo("ip", words) { RedirectStandardError = true, UseShellExecute = false })!;
            var errors = await ip.StandardError.ReadToEndAsync();
            await ip.WaitForExitAsync();
            return ip.ExitCode == 0 ? null : $"ip {string.Join(' ', words)}: {errors}";
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return e.Message;
        }
    }

    /// <summary>One network, with one address.</summary>
    internal sealed record Place(IPAddress Address, string Namespace, string Device)
    {
        /// <summary>What brings a command into it.</summary>
        public string[] Through => ["ip", "netns", "exec", Namespace];

        /// <summary>Nothing reaches it and nothing leaves it, and nobody is told.</summary>
        public Task Cut() => Say("link", "set", Device, "down");

        public Task Join() => Say("link", "set", Device, "up");

        /// <summary>It and another one do not reach each other; everybody else reaches both.</summary>
        public async Task Part(Place other)
        {
            await Say("-n", Namespace, "route", "add", "blackhole", $"{other.Address}");
            await Say("-n", other.Namespace, "route", "add", "blackhole", $"{Address}");
        }

        public async Task Unite(Place other)
        {
            await Say("-n", Namespace, "route", "del", "blackhole", $"{other.Address}");
            await Say("-n", other.Namespace, "route", "del", "blackhole", $"{Address}");
        }
    }
}
