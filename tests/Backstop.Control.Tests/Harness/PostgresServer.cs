using System.Diagnostics;
using System.Net;
using Backstop.Control.Hosting;
using Backstop.Control.Store;
using Backstop.Control.Tests.Harness;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace Backstop.Control.Tests.Harness;

/// <summary>The server that tests share; it starts when the first test asks for a database, and ends with the tests.</summary>
public sealed class PostgresFixture : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> _server = new(() => PostgresServer.Start());

    public async Task<StoreAddress> NewDatabase() => await (await _server.Value).NewDatabase();

    public async ValueTask DisposeAsync()
    {
        if (_server.IsValueCreated)
        {
            await (await _server.Value).DisposeAsync();
        }
    }
}

/// <summary>A real PostgreSQL from the system's package, in a directory of its own, on a port of its own.</summary>
/// <remarks>It sorts as English people do and asks for passwords, as servers in the world do.</remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    public const string User = "backstop";
    public const string Password = "s3cret of:tests";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string _directory;
    private readonly string _listen;
    private readonly int _port;
    private Process _process;
    private int _databases;

    private PostgresServer(string directory, string listen, int port) =>
        (_directory, _listen, _port, _process) = (directory, listen, port, Run(directory, listen, port));

    /// <summary>Makes one and starts it.</summary>
    /// <param name="at">An address of this machine at which it is reached too; null for loopback alone.</param>
    /// <param name="parent">Where its directory is made; null for where temporary ones are.</param>
    public static async Task<PostgresServer> Start(IPAddress? at = null, string? parent = null)
    {
        var directory = parent is null ? Directory.CreateTempSubdirectory("backstop-pg-").FullName : Directory.CreateDirectory(Path.Combine(parent, "pg")).FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "password"), Password);
        if (Environment.UserName == "root")
        {
            await Tool("chown", "-R", "postgres", directory);
        }

        await AsServer(
            Path.Combine(Programs, "initdb"), "-D", Path.Combine(directory, "data"), "-U", User, "-A", "scram-sha-256", "--no-sync",
            "--pwfile", Path.Combine(directory, "password"), "-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en");
        if (at is not null)
        {
            await File.AppendAllTextAsync(Path.Combine(directory, "data", "pg_hba.conf"), "host all all samenet scram-sha-256\n");
        }

        var server = new PostgresServer(directory, at is null ? "127.0.0.1" : $"127.0.0.1,{at}", FreePort.At(IPAddress.Loopback));
        await server.Answers();
        return server;
    }

    /// <summary>The address of an empty database that nobody else uses.</summary>
    public async Task<StoreAddress> NewDatabase() => StoreAddress.Parse(await NewUrl());

    /// <summary>The same as a URL, for another process.</summary>
    public async Task<string> NewUrl(IPAddress? at = null)
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await Tell($"CREATE DATABASE {name}");
        return Url(name, User, Password, at);
    }

    public StoreAddress Database(string name, string user = User, string password = Password) => StoreAddress.Parse(Url(name, user, password, at: null));

    /// <summary>Runs a statement as an administrator.</summary>
    public async Task Tell(string sql, string database = "postgres")
    {
        await using var source = NpgsqlDataSource.Create(
            $"Host=127.0.0.1;Port={_port};Username={User};Password={Password};Database={database};Pooling=false;Timeout=60;Command Timeout=60");
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Dies without a goodbye: connections break and nothing is written any more.</summary>
    public async Task Crash()
    {
        var id = (await File.ReadAllLinesAsync(Path.Combine(_directory, "data", "postmaster.pid")))[0];
        await AsServer("kill", "-QUIT", id);
        await End();
    }

    /// <summary>Comes back at the same address after <see cref="Crash"/>.</summary>
    public async Task StartAgain()
    {
        _process = Run(_directory, _listen, _port);
        await Answers();
    }

    /// <summary>Starts again what may have ended by itself, as the system's service would.</summary>
    public async Task Revive()
    {
        try
        {
            await Tell("SELECT 1");
        }
        catch (NpgsqlException)
        {
            await End();
            await StartAgain();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await End();
        Directory.Delete(_directory, recursive: true);
    }

    private string Url(string name, string user, string password, IPAddress? at) =>
        $"postgres://{user}:{Uri.EscapeDataString(password)}@{at ?? IPAddress.Loopback}:{_port}/{name}";

    // Debian keeps the server's programs out of the PATH, one directory for each version.
    private static string Programs { get; } = (Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [])
        .OrderDescending(StringComparer.Ordinal).Select(version => Path.Combine(version, "bin"))
        .Concat(Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator))
        .FirstOrDefault(directory => File.Exists(Path.Combine(directory, "initdb")))
        ?? throw new InvalidOperationException("These tests need PostgreSQL: apt-get install postgresql.");

    // It ends when this process does, however that ends: its standard input is then closed.
    private static Process Run(string directory, string listen, int port) => Launch(ServerUser(
        "sh", "-c", """
            "$1" -D "$2" -p "$3" -k "$4" -c listen_addresses="$5" -c fsync=off -c max_connections=60 >"$4/log" 2>&1 &
            server=$!
            read -r stop
            kill -INT $server 2>/dev/null
            wait $server
            """, "sh", Path.Combine(Programs, "postgres"), Path.Combine(directory, "data"), $"{port}", directory, listen));

    private async Task End()
    {
        _process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(patience.Token);
        _process.Dispose();
    }

    private async Task Answers()
    {
        var started = TimeProvider.System.GetTimestamp();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            try
            {
                await Tell("SELECT 1");
                return;
            }
            catch (NpgsqlException e) when (TimeProvider.System.GetElapsedTime(started) < Patience)
            {
                Assert.False(_process.HasExited, $"PostgreSQL ended: {e.Message}");
                await pace.WaitForNextTickAsync();
            }
        }
    }

    private static async Task AsServer(params string[] command) => await Tool(ServerUser(command));

    // PostgreSQL refuses to run as root.
    private static string[] ServerUser(params string[] command) =>
        Environment.UserName == "root" ? ["runuser", "-u", "postgres", "--", .. command] : command;

    private static async Task Tool(params string[] command)
    {
        using var process = Launch(command);
        process.StandardInput.Close();
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)} ended with {process.ExitCode}: {string.Concat(said)}");
    }

    private static Process Launch(string[] command) => Process.Start(new ProcessStartInfo(command[0], command[1..])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        UseShellExecute = false,
        WorkingDirectory = "/",
    })!;
}
