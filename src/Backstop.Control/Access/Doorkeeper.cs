using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Backstop.Control.Api;
using Backstop.Control.Fleet;
using Backstop.Control.Store;
using Backstop.Core.Access;
using Backstop.Protocol;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Access;

/// <summary>Knows who may come in, and tells the gateways.</summary>
/// <remarks>
/// While no key was ever made and no issuer of tokens is named, whoever is on this machine may do everything but make keys: for
/// that there is a key that is printed once at the start and forgotten when the first real one exists. From then on every call
/// needs one.
/// </remarks>
public sealed partial class Doorkeeper(KeyStore keys, FleetHub hub, ControlOptions options, TimeProvider clock, ILogger<Doorkeeper> log)
    : BackgroundService
{
    /// <summary>How long another control plane's change of a key may go unnoticed here.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private readonly byte[] _processKey = RandomNumberGenerator.GetBytes(32);
    private readonly string _oneTimeKey = ApiKey.From(RandomNumberGenerator.GetBytes(ApiKey.RandomBytes));
    private readonly SemaphoreSlim _reading = new(1, 1);
    private Known? _known;

    /// <summary>Whether callers of this machine need no key. Never before the keys were read.</summary>
    public bool IsOpen => Volatile.Read(ref _known) is { Ring.Count: 0 } && options.Oidc is null;

    /// <summary>The key that makes the first key; null once there is one.</summary>
    public string? OneTimeKey => IsOpen ? _oneTimeKey : null;

    /// <summary>Says who presents a key, or why it does not count.</summary>
    public (Caller? Caller, string? Problem) Judge(ReadOnlySpan<char> text)
    {
        if (IsOpen && CryptographicOperations.FixedTimeEquals(MemoryMarshal.AsBytes(text), MemoryMarshal.AsBytes(_oneTimeKey.AsSpan())))
        {
            return (new("one-time key", Rights.Full), null);
        }

        KeyRecord? key = null;
        var rights = Rights.None;
        return Volatile.Read(ref _known)?.Ring.Judge(text, clock.GetUtcNow(), out key, out rights) switch
        {
            KeyVerdict.Good => (new(key!.Name, rights), null),
            KeyVerdict.Over => (null, key!.RevokedAt is { } at
                ? $"The key {key.Prefix} of '{key.Name}' was revoked at {at:u}."
                : $"The key {key.Prefix} of '{key.Name}' expired at {key.ExpiresAt:u}. Ask for a new one."),
            _ => (null, "No such key is known here. Check that it was copied whole, and that it belongs to this server."),
        };
    }

    /// <summary>Reads the keys if anything was decided since they were read last.</summary>
    /// <exception cref="StoreException">The store does not answer; what was known stays.</exception>
    public async Task Refresh()
    {
        await _reading.WaitAsync();
        try
        {
            var revision = await keys.Revision();
            if (_known?.Revision == revision)
            {
                return;
            }

            var all = await keys.All();
            Volatile.Write(ref _known, new(new(all, _processKey, _known?.Ring), revision));
            hub.TellAccess(new()
            {
                Required = !IsOpen,
                Keys = { all.Where(k => k.IsLive(clock.GetUtcNow()) && k.Scopes.Any(s => s.Includes(Scope.Invoke))).Select(k => k.ToMessage()) },
            });
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose(); // Before: whoever reads in this moment must not take the end of the process for a flaw of the keys.
        _reading.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        string? told = null;
        while (true)
        {
            await Task.Delay(Pace, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            if (Volatile.Read(ref _known) is null)
            {
                continue; // The store is not open yet; who opens it reads them first.
            }

            try
            {
                await Refresh();
                told = null;
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                if (told != e.Message)
                {
                    NotRead(log, e.Message);
                }

                told = e.Message;
            }
        }
    }

    [LoggerMessage(3501, LogLevel.Error, "The keys cannot be read, and those known so far go on to count: {Reason}")]
    private static partial void NotRead(ILogger logger, string reason);

    private sealed record Known(KeyRing Ring, long Revision);
}
