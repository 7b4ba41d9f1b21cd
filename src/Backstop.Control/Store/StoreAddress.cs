using System.Text.RegularExpressions;
using Backstop.Core.Text;
using Npgsql;

namespace Backstop.Control.Store;

/// <summary>Where the durable truth is kept.</summary>
public abstract partial record StoreAddress
{
    private const string Form = "write postgres://USER:PASSWORD@HOST:5432/DATABASE, or name no store for SQLite in the data directory";

    private StoreAddress()
    {
    }

    /// <summary>A PostgreSQL database of a URL such as <c>postgres://backstop:secret@db.internal/backstop?sslmode=verify-full</c>.</summary>
    /// <exception cref="FormatException">It is no such URL. The message says what is wrong and never holds the password.</exception>
    public static StoreAddress Parse(string url)
    {
        if (Url().Match(url) is not { Success: true } parts)
        {
            throw new FormatException($"This is not the address of a store: {Form}.");
        }

        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = Value("host").Trim('[', ']') is { Length: > 0 } host ? host : "localhost",
            Username = Value("user"),
            Database = Value("database"),
            ApplicationName = "backstop",

            // Seconds: a rollback must hear soon that the store is not there.
            Timeout = 5,
            CommandTimeout = 15,

            // A burst waits its turn here: the server lets in 100 for everybody together and turns the next one away.
            MaxPoolSize = 20,

            // What a machine that vanished has locked must be free again before anybody waits for long.
            Options = "-c idle_in_transaction_session_timeout=10s -c lock_timeout=10s " +
                "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
        };
        if (Value("password") is { Length: > 0 } password)
        {
            settings.Password = password;
        }

        if (Value("port") is { Length: > 0 } port)
        {
            settings.Port = int.Parse(port) is > 0 and <= 65535 and var number ? number : throw new FormatException($"{port} is not a port: use 1 to 65535.");
        }

        foreach (var setting in Value("settings").Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            Set(settings, setting.Split('=', 2) is [var key, var value] ? (key, Uri.UnescapeDataString(value)) : (setting, ""));
        }

        return new Postgres(settings);

        string Value(string part) => Uri.UnescapeDataString(parts.Groups[part].Value);
    }

    private static void Set(NpgsqlConnectionStringBuilder settings, (string Key, string Value) given)
    {
        switch (given.Key)
        {
            case "sslmode":
                settings.SslMode = Enum.TryParse<SslMode>(given.Value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var mode) && Enum.IsDefined(mode)
                    ? mode
                    : throw new FormatException($"'sslmode={given.Value}' is not known: use disable, allow, prefer, require, verify-ca or verify-full.");
                break;
            case "sslrootcert":
                settings.RootCertificate = given.Value;
                break;
            case "host": // A directory: the server's socket on this machine.
                settings.Host = given.Value;
                break;
            default:
                throw new FormatException($"'{given.Key}' is not a setting of a store.{Suggestion.For(given.Key, ["sslmode", "sslrootcert", "host"])}");
        }
    }

    [GeneratedRegex(
        @"^postgres(ql)?://((?<user>[^:@/?#]*)(:(?<password>[^@/?#]*))?@)?(?<host>[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:(?<port>[0-9]{1,9}))?/(?<database>[^/?#]+)(\?(?<settings>[^#]*))?$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex Url();

    /// <summary><c>backstop.db</c> in a directory, both made when missing.</summary>
    public sealed record Sqlite(string Directory) : StoreAddress
    {
        /// <inheritdoc/>
        public override string ToString() => Path.Combine(Directory, "backstop.db");
    }

    /// <summary>A database of a PostgreSQL server. As text it has no password.</summary>
    public sealed record Postgres : StoreAddress
    {
        private readonly NpgsqlConnectionStringBuilder _settings;

        internal Postgres(NpgsqlConnectionStringBuilder settings) => _settings = settings;

        /// <summary>The name of the database.</summary>
        public string Database => _settings.Database!;

        /// <summary>Who connects; null for the name of the system's user.</summary>
        public string? User => _settings.Username is { Length: > 0 } user ? user : null;

        /// <summary>What connects; it holds the password.</summary>
        internal string ConnectionString => _settings.ConnectionString;

        /// <inheritdoc/>
        public override string ToString() => $"postgres://{(User is null ? "" : User + "@")}{_settings.Host}:{_settings.Port}/{Database}";
    }
}
