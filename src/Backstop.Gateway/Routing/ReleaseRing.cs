using System.Security.Cryptography;
using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Routing;

/// <summary>The ring of a release, compiled: of its own policy, or of that with what an alias lays beside it.</summary>
public sealed class ReleaseRing
{
    private readonly bool _screensInput;

    /// <exception cref="GuardPolicyException">A check's settings do not fit.</exception>
    public ReleaseRing(GuardPolicy policy)
    {
        Ring = Ring.Compile(policy).Remembering(RandomNumberGenerator.GetBytes(32));
        Looks = policy.Stages.Values.Any(stage => stage.Checks.Any(check => check.Mode != CheckMode.Off));
        Marks = policy.Stages.Values.Any(stage => stage.Checks.Any(check => check.Use == SpotlightCheck.Name && check.Mode != CheckMode.Off));
        _screensInput = policy.ChecksOf(GuardStage.Input).Any(check => check.Mode == CheckMode.Enforce);
    }

    public Ring Ring { get; }

    /// <summary>Whether it looks at anything; if not, texts need not be read.</summary>
    public bool Looks { get; }

    /// <summary>Whether it puts marks around what is not trusted, for which it needs letters that nobody could foresee.</summary>
    public bool Marks { get; }

    /// <summary>Whether a request holds tokens where its checks would have to look at texts. What cannot be checked does not pass.</summary>
    public bool CannotRead(ModelRequest request) => request.HasTokens && _screensInput;
}
