using System.Collections.Immutable;
using Backstop.Core.Incidents;
using Backstop.Core.Incidents.Suspects;
using Backstop.Core.Inputs;
using Backstop.Core.Registry;
using Microsoft.Extensions.Logging;

namespace Backstop.Control.Rollouts;

/// <summary>While nobody knows what broke, more answers of the small arm are judged, and the judge is asked what is known.</summary>
/// <remarks>It costs judging and no user anything. Once for each incident, and for a time only.</remarks>
internal sealed partial class AliasGrain
{
    private static readonly TimeSpan CloserLook = TimeSpan.FromMinutes(15);

    // Fewer answers of known score say too little about a judge.
    private const long LeastAnchors = 20;

    private string? _closely;
    private ImmutableArray<InputCount> _anchorsBefore = [];
    private InputTally _anchorsSince = new();
    private long _anchorsTold;

    public async Task LookCloser(string incident)
    {
        if (_closely == incident || (_alias.Candidate is null && _alias.HoldbackBasisPoints == 0) || Overlay.Judging(_alias.Traffic) is not { } change)
        {
            return;
        }

        var now = clock.GetUtcNow();
        var words = $"every answer of the small arm is judged, and the judge is asked what is known: nobody knows yet what broke ({incident})";
        (_closely, _anchorsBefore, _anchorsSince, _anchorsTold) = (incident, [.. _inputs.Usual.All(InputSignal.JudgeAnchor)], new(), 0);
        if (!_alias.Mitigations.Any(m => m.Kind == OverlayKind.Judging))
        {
            var overlay = new Overlay($"m{Guid.CreateVersion7():N}", OverlayKind.Judging, change, words, Actor, incident, now, now + CloserLook);
            if ((await Change(new AliasChange.Mitigate(overlay), _alias.Generation, "mitigation_begun", words, Actor)).Outcome == AliasOutcome.Done)
            {
                LooksCloser(log, incident, Name);
            }
        }
    }

    private void CountAnchors(InputCount count)
    {
        if (_closely is not null && count.Signal == InputSignal.JudgeAnchor)
        {
            _anchorsSince.Add(count);
        }
    }

    // Whether it is the measurement that broke: what the judge gets wrong now, against what he usually gets wrong.
    private void TellOfAnchors()
    {
        ImmutableArray<Signal> read =
        [
            .. from before in _anchorsBefore
               let since = _anchorsSince.Of(InputSignal.JudgeAnchor, before.What)
               where before.N >= LeastAnchors && since.N >= LeastAnchors
               select new Signal("judge_anchors", InputChange.Reading(before), InputChange.Reading(since), before.What),
        ];
        var known = (long)read.Sum(signal => signal.After!.N);
        if (_closely is { } incident && known > 0 && known >= MoreToTell * _anchorsTold)
        {
            _anchorsTold = known;
            _incident.Measure(incident, read);
        }
    }

    [LoggerMessage(3110, LogLevel.Information, "A closer look is taken at {Incident} of {Alias}: more is judged for a quarter of an hour.")]
    private static partial void LooksCloser(ILogger logger, string incident, string alias);
}
