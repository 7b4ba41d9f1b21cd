using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backstop.Client;
using Backstop.CommandLine;
using Backstop.Control.Access;
using Backstop.Control.Api;
using Backstop.Control.Store;
using NewKeyView = Backstop.Client.NewKeyView;

namespace Backstop.Commands;

/// <summary><c>backstop key</c>: who may call models, and who may run the fleet.</summary>
internal static class KeyCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Who uses it, such as ci or ann: the actor in the journal." };

    public static Verb Create() => new("key", "Make and take away the keys that open models and control plane.")
    {
        New(), List(), Rotate(), Revoke(),
    };

    private static Verb New()
    {
        var scopes = new Option<string[]>("--scope")
        {
            Description = "What it allows: invoke, read, write, operate, admin. May be given many times, or as a list with commas.",
            DefaultValueFactory = _ => [],
        };
        var aliases = new Option<string[]>("--alias")
        {
            Description = "On which aliases, such as assistant:prod, 'assistant:*' or '*:prod'. Otherwise all.",
            DefaultValueFactory = _ => [],
        };
        var expires = new Option<string?>("--expires") { Description = "After what time it stops, such as 90d, 12h or 30m. Otherwise never." };
        var data = new Option<string?>("--data") { Description = "Write into the store of this directory instead of asking a server: for the very first key, or when none is left." };
        var store = new Option<string?>("--store") { Description = "The same for a store in PostgreSQL." };
        var verb = Remote.Verb(
            "create",
            "Make a key. It is shown once; the server keeps a hash.",
            [Name, scopes, aliases, expires, data, store],
            (line, client, cancel) =>
            {
                var wanted = new Client.NewKey(line.GetRequiredValue(Name), Words(line.GetRequiredValue(scopes)))
                {
                    Aliases = line.GetRequiredValue(aliases) is [] ? null : Words(line.GetRequiredValue(aliases)),
                    ExpiresInSeconds = line.GetValue(expires) is { } time ? Seconds("--expires", time) : null,
                };
                return (line.GetValue(data), line.GetValue(store)) switch
                {
                    (null, null) => client.CreateKey(wanted, cancel),
                    ({ } directory, null) => Offline(wanted, new StoreAddress.Sqlite(directory), cancel),
                    (null, { } url) => Offline(wanted, AddressFrom(url), cancel),
                    _ => throw CommandFailure.Usage("--data and --store name two stores: give one."),
                };
            },
            (made, screen) => ShowOnce(made, screen));
        verb.Examples =
        [
            "backstop key create ops --scope admin",
            "backstop key create ci --scope write,operate --alias 'assistant:*' --expires 90d",
            "backstop key create shop --scope invoke --alias assistant:prod",
            "backstop key create ops --scope admin --data ./backstop-data",
        ];
        return verb;
    }

    private static Verb List() => Remote.Verb(
        "list",
        "List the keys, also those that no longer work.",
        [],
        (_, client, cancel) => client.Keys(cancel),
        (keys, screen) => screen.Table(
            keys,
            "There is no key: whoever is on the server's machine may do everything but make keys.",
            ("prefix", k => k.Prefix),
            ("name", k => k.Name),
            ("scopes", k => string.Join(", ", k.Scopes)),
            ("aliases", k => string.Join(", ", k.Aliases)),
            ("created", k => Screen.Time(k.CreatedAt)),
            ("state", State)),
        "backstop key list", "backstop key list --json");

    private static Verb Rotate()
    {
        var overlap = new Option<string>("--overlap") { Description = "How long the old key works beside the new one.", DefaultValueFactory = _ => "24h" };
        return Remote.Verb(
            "rotate",
            "Put a new key in the place of one. The old one works on for the overlap, so that nobody is cut off.",
            [Name, overlap],
            (line, client, cancel) => client.RotateKey(line.GetRequiredValue(Name), Seconds("--overlap", line.GetRequiredValue(overlap)), cancel),
            (made, screen) => ShowOnce(made, screen),
            "backstop key rotate ci");
    }

    private static Verb Revoke()
    {
        var which = new Argument<string>("key") { Description = "The name, for all its keys, or the prefix of one." };
        var reason = new Option<string>("--reason") { Description = "Why; it is kept in the journal.", DefaultValueFactory = _ => "by hand" };
        return Remote.Verb(
            "revoke",
            "Stop a key now, on every gateway that is connected.",
            [which, reason],
            (line, client, cancel) => client.RevokeKey(line.GetRequiredValue(which), line.GetRequiredValue(reason), cancel),
            (key, screen) => screen.Line($"{key.Name} ({key.Prefix}) no longer works."),
            "backstop key revoke ci");
    }

    private static void ShowOnce(NewKeyView made, Screen screen)
    {
        screen.Facts(
            ("name", made.Made.Name),
            ("scopes", string.Join(", ", made.Made.Scopes)),
            ("aliases", string.Join(", ", made.Made.Aliases)),
            ("expires", made.Made.ExpiresAt is { } at ? Screen.Time(at) : "never"),
            ("key", made.Key));
        screen.Line("It is shown this once: put it where secrets are kept.");
    }

    private static string State(Client.KeyView key) => key switch
    {
        { RevokedAt: { } at } => $"revoked {Screen.Time(at)}",
        { ExpiresAt: { } at } when at <= DateTimeOffset.UtcNow => $"expired {Screen.Time(at)}",
        { ReplacedBy: { } by, ExpiresAt: { } at } => $"replaced by {by}, until {Screen.Time(at)}",
        { ExpiresAt: { } at } => $"until {Screen.Time(at)}",
        _ => "works",
    };

    // Whoever can write the store can do everything anyway; the journal says that it was done there.
    private static async Task<Reply<NewKeyView>> Offline(Client.NewKey wanted, StoreAddress address, CancellationToken cancel)
    {
        try
        {
            using var store = DurableStore.At(address);
            await store.Open(cancel);
            var clock = TimeProvider.System;
            var key = Control.Access.NewKey.Read(wanted.Name, wanted.Scopes, wanted.Aliases, wanted.ExpiresInSeconds, clock.GetUtcNow());
            return await new KeyStore(store, clock).Create(key, "console of the store") switch
            {
                KeyResult.Made made => Shown(StoreJson.Write(new Control.Access.NewKeyView(made.Text, Control.Access.KeyView.Of(made.Key)))),
                KeyResult.Refused refused => throw new CommandFailure(refused.Reason),
                _ => throw new UnreachableException(),
            };
        }
        catch (Exception e) when (e is StoreException or RefusedException)
        {
            throw CommandFailure.Usage(e.Message);
        }
    }

    private static Reply<NewKeyView> Shown(string json) => new(JsonSerializer.Deserialize<NewKeyView>(json, ControlClient.Json)!, json);

    internal static StoreAddress AddressFrom(string url)
    {
        try
        {
            return StoreAddress.Parse(url);
        }
        catch (FormatException e)
        {
            throw CommandFailure.Usage($"--store: {e.Message}");
        }
    }

    private static string[] Words(string[] given) => [.. given.SelectMany(g => g.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    private static long Seconds(string option, string text)
    {
        var unit = text is [.., var last] ? last switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, _ => 0 } : 0;
        return unit > 0 && long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= int.MaxValue
            ? count * unit
            : throw CommandFailure.Usage($"{option} '{text}' is not a time: write a number and its unit, such as 90d, 12h, 30m or 45s.");
    }
}
