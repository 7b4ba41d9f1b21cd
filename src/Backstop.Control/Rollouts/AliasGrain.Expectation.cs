using Backstop.Control.Registry;
using Backstop.Control.Store;
using Backstop.Core.Registry;

namespace Backstop.Control.Rollouts;

/// <summary>Hears whoever says which state he has seen only in that state: asked here, between any two requests, and not before.</summary>
internal sealed partial class AliasGrain : IIncomingGrainCallFilter
{
    // What the request that is being done expects, until it has changed something; null when it expects nothing.
    private Expectation? _expected;

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        // Whatever changes something answers so.
        if (context.InterfaceMethod.ReturnType != typeof(Task<AliasReply>) || RequestContext.Get(StateTag.Expected) is not string expected)
        {
            await context.Invoke();
            return;
        }

        _expected = new(expected.Split('\n'), OfRollout: context.InterfaceMethod.Name == nameof(Tell));
        try
        {
            ExpectSeen();
            await context.Invoke();
        }
        catch (MovedOnException e)
        {
            context.Result = new AliasReply(AliasOutcome.Moved, _alias.Generation, e.Message);
        }
        finally
        {
            _expected = null;
        }
    }

    /// <summary>Writes what was decided on this state; when somebody moved first, reads what is there now and returns false.</summary>
    /// <exception cref="MovedOnException">What is there now is not what the request was to be done to.</exception>
    private async Task<bool> Commit(AliasRecord next, StoredRollout? rollout, JournalDraft draft)
    {
        if (await aliases.Commit(_alias, next, rollout, draft) is CommitResult.Stale)
        {
            await Reload();

            // While two believe that they own an alias, the one that is behind passed the request on what it remembered.
            ExpectSeen();
            return false;
        }

        _expected = null;
        return true;
    }

    private void ExpectSeen()
    {
        if (_expected is not { } expected)
        {
            return;
        }

        var actual = expected.OfRollout && _rollout is { } rollout ? StateTag.Of(rollout) : StateTag.Of(_alias.Epoch, _alias.Generation);
        if (!expected.Tags.Contains(actual, StringComparer.Ordinal))
        {
            throw new MovedOnException($"{Name} has moved on since you read it: its state is \"{actual}\" now. Read it again, decide again, and send what 'ETag' says then.");
        }
    }

    private sealed record Expectation(string[] Tags, bool OfRollout);

    private sealed class MovedOnException(string message) : Exception(message);
}
