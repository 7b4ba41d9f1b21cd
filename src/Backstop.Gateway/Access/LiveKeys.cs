using System.Security.Cryptography;
using Backstop.Core.Access;
using Backstop.Gateway.Requests;
using Backstop.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backstop.Gateway.Access;

/// <summary>Who may call models here: what control said last. Asked on every request, and never by asking control.</summary>
public sealed class LiveKeys
{
    private const string Bearer = "Bearer ";

    private readonly GatewayOptions _options;
    private readonly KeyFile _file;
    private readonly TimeProvider _time;
    private readonly ILogger<LiveKeys> _log;
    private readonly byte[] _processKey = RandomNumberGenerator.GetBytes(32);
    private Known _known;

    public LiveKeys(GatewayOptions options, KeyFile file, TimeProvider time, ILogger<LiveKeys> log)
    {
        (_options, _file, _time, _log) = (options, file, time, log);
        var stored = file.Read(out var problem);
        if (problem is not null)
        {
            // Closed until control is heard: a file that somebody damaged must not open what it closed.
            GatewayLog.KeyFileRefused(log, problem);
            stored = new() { Required = true };
        }

        _known = new(new KeyRing([], _processKey), stored);
        _known = Ring(stored);
    }

    /// <summary>Takes what control says; all of it counts from the next request on.</summary>
    public void Apply(AccessUpdate access)
    {
        var next = Ring(access);
        try
        {
            _file.Write(access);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A revocation must not need a disk with room on it.
            GatewayLog.KeysNotStored(_log, e.Message);
        }

        Volatile.Write(ref _known, next);
        GatewayLog.KeysApplied(_log, next.Ring.Count, next.Access.Required);
    }

    /// <summary>Who calls, or why he may not.</summary>
    /// <param name="request">The request; its header <c>Authorization</c> carries the key.</param>
    /// <param name="guest">Who calls and where he may; only good when there is no error.</param>
    public ApiError? Refuse(HttpRequest request, out Guest guest)
    {
        var known = Volatile.Read(ref _known);
        guest = Guest.OfThisMachine;
        if (!known.Access.Required && !_options.RequireKeys)
        {
            return null; // Whatever clients that cannot do without a key send then.
        }

        var header = request.Headers.Authorization.ToString();
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return ApiError.MissingKey();
        }

        var verdict = known.Ring.Judge(header.AsSpan(Bearer.Length).Trim(), _time.GetUtcNow(), out var key, out var rights);
        if (verdict is not KeyVerdict.Good)
        {
            return verdict is KeyVerdict.Over ? ApiError.KeyOver(key!.Prefix) : ApiError.UnknownKey();
        }

        guest = new(key!.Name, rights);
        return null;
    }

    private Known Ring(AccessUpdate access) => new(new(access.Keys.Select(k => k.ToKey()), _processKey, _known.Ring), access);

    private sealed record Known(KeyRing Ring, AccessUpdate Access);
}

/// <summary>Who calls models, and through which aliases he may.</summary>
/// <param name="Name">The key's name.</param>
/// <param name="Rights">What the key allows.</param>
public readonly record struct Guest(string Name, Rights Rights)
{
    /// <summary>Whoever is on this machine while no key is needed.</summary>
    public static Guest OfThisMachine { get; } = new("", Rights.OfThisMachine);

    /// <summary>Whether he may call an alias.</summary>
    public bool MayCall(string alias) => Rights.Allow(Scope.Invoke, alias);

    /// <summary>Whether he may choose among the releases of an alias: he must be allowed to look at them.</summary>
    public bool MayChoose(string alias) => Rights.Allow(Scope.Read, alias);
}
