namespace Backstop.Control.Rollouts;

/// <summary>Hears whoever says which state he has seen only in that state: asked here, between any two requests, and not before.</summary>
internal sealed partial class AliasGrain : IIncomingGrainCallFilter
{
    public Task Invoke(IIncomingGrainCallContext context)
    {
        // Whatever changes something answers so.
        if (context.InterfaceMethod.ReturnType != typeof(Task<AliasReply>) || RequestContext.Get(StateTag.Expected) is not string expected)
        {
            return context.Invoke();
        }

        var actual = context.InterfaceMethod.Name == nameof(Tell) && _rollout is { } rollout ? StateTag.Of(rollout) : StateTag.Of(_alias.Epoch, _alias.Generation);
        if (expected.Split('\n').Contains(actual, StringComparer.Ordinal))
        {
            return context.Invoke();
        }

        context.Result = new AliasReply(
            AliasOutcome.Moved,
            _alias.Generation,
            $"{Name} has moved on since you read it: its state is \"{actual}\" now. Read it again, decide again, and send what 'ETag' says then.");
        return Task.CompletedTask;
    }
}
