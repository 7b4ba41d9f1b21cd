using System.Text.Encodings.Web;
using Backstop.Control.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Backstop.Control.Access;

/// <summary>Finds out who presents a key; and, while no key exists, takes whoever calls for a user of this machine.</summary>
internal sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, Doorkeeper door)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The name of the scheme.</summary>
    public const string Name = "key";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Credentials.Of(Request) switch
    {
        { } text => Presented(text),
        null when door.IsOpen => Success(Caller.OfThisMachine(Request)),
        null => AuthenticateResult.NoResult(),
    });

    private AuthenticateResult Presented(string text)
    {
        var (caller, problem) = door.Judge(text);
        if (caller is not null)
        {
            return Success(caller);
        }

        Context.Items[Credentials.Problem] = problem;
        return AuthenticateResult.Fail(problem!);
    }

    private AuthenticateResult Success(Caller caller) => AuthenticateResult.Success(new(caller, Scheme.Name));
}
