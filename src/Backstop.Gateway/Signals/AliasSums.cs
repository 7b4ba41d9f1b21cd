using System.Runtime.InteropServices;
using Backstop.Core;
using Backstop.Core.Evidence;
using Backstop.Core.Evidence.Sketches;
using Backstop.Core.Inputs;
using Backstop.Gateway.Routing;
using Backstop.Protocol;
using InputCount = Backstop.Core.Inputs.InputCount;

namespace Backstop.Gateway.Signals;

/// <summary>What is counted of one alias for the next batch, in one place. Not thread-safe.</summary>
/// <remarks>
/// A request finds it with its route, and nothing of it is made anew for a batch: where each of ten thousand aliases has a request now
/// and then, every table that one has to be looked up in is memory that no cache holds, and every object waits a batch long for the
/// garbage collector.
/// </remarks>
internal sealed class AliasSums(string alias)
{
    private const int DigestLines = 3;

    private StartedOf[] _started = new StartedOf[1]; // A second release is there while one takes the place of another.
    private int _releases;
    private InputTally? _inputs;
    private List<(long Bucket, InputTally Inputs)>? _before;
    private long _bucket = long.MinValue;
    private string? _words;
    private long _spoken;
    private EvidenceKey _unitsOf;
    private DistinctSketch? _units;
    private long _news;
    private long _told;

    public string Alias => alias;

    /// <summary>The stage of its last request.</summary>
    public EpochLedger.Stage? Stage { get; set; }

    /// <summary>Whether the next batch will tell of it.</summary>
    public bool WillBeTold { get; set; }

    /// <summary>A request begins, which will be counted here.</summary>
    public void Fetch() => CacheLines.Fetch(this, 3);

    /// <inheritdoc cref="ServedAlias.FetchNext"/>
    public void FetchNext()
    {
        CacheLines.Fetch(Stage, 2);
        CacheLines.Fetch(_started);
    }

    /// <summary>It will be told soon.</summary>
    public void FetchToTell()
    {
        CacheLines.Fetch(alias);
        CacheLines.Fetch(_started[0].Release, DigestLines);
    }

    /// <summary>A unit will be assigned.</summary>
    public void FetchUnit(ulong unit) => _units?.Fetch(unit);

    /// <summary>A unit was assigned to the baseline of a stage.</summary>
    public void HadUnit(in EvidenceKey stage, ulong unit)
    {
        if (_units is null || _unitsOf.Generation != stage.Generation || _unitsOf.Epoch != stage.Epoch)
        {
            // A request that was still on its way when the stage ended begins no count anew that a later stage has.
            if (_units is not null && stage.Epoch <= _unitsOf.Epoch && stage.Generation < _unitsOf.Generation)
            {
                return;
            }

            (_unitsOf, _units, _news, _told) = (stage, new(), 0, 0);
        }

        _news += _units.Add(unit) ? 1 : 0;
    }

    /// <summary>A request is about to be sent to a release.</summary>
    public void Started(string release, long nowMs)
    {
        var place = 0;
        while (place < _releases && _started[place].Release != release)
        {
            place++;
        }

        if (place == _releases)
        {
            if (place == _started.Length)
            {
                Array.Resize(ref _started, place + 1);
            }

            _started[_releases++] = new() { Release = release, FirstMs = nowMs };
        }

        _started[place].Count++;
        _started[place].LastMs = nowMs;
    }

    /// <summary>A conversation began with words of the system, by their name.</summary>
    public void Spoke(string words, DateTimeOffset now)
    {
        Enter(now);
        if (_spoken > 0 && _words != words)
        {
            CountWords();
        }

        _words = words;
        _spoken++;
    }

    /// <summary>What requests bring with them now.</summary>
    public InputTally Inputs(DateTimeOffset now)
    {
        Enter(now);
        return CountWords();
    }

    /// <summary>Whether there are more units than were told, by more than a sketch can be wrong by.</summary>
    public bool HasNewUnits => _news > 0 && _news >= DistinctSketch.StandardError * _told;

    /// <summary>Whether its new units have their turn later; see <see cref="BatchSums"/>.</summary>
    public bool UnitsWait { get; set; }

    /// <summary>Tells everything since the last call. Units only where they have doubled.</summary>
    public void Tell(BatchWriter batch)
    {
        for (var i = 0; i < _releases; i++)
        {
            ref var started = ref _started[i];
            batch.Started(alias, started.Release, started.Count, started.FirstMs, started.LastMs);
            started = default;
        }

        foreach (var (bucket, inputs) in _before ?? [])
        {
            Tell(bucket, inputs, batch);
        }

        if (_inputs is null && _spoken > 0)
        {
            batch.Input(alias, _bucket, OfWords());
        }
        else if (_inputs is not null)
        {
            Tell(_bucket, CountWords(), batch);
        }

        if (_news > 0 && _news >= _told)
        {
            TellUnits(batch);
        }

        (_releases, _inputs, _before, _spoken, WillBeTold) = (0, null, null, 0, false);
    }

    /// <summary>Tells the units of the stage, if there are new ones.</summary>
    public void TellUnits(BatchWriter batch)
    {
        if (HasNewUnits)
        {
            (_told, _news) = (_told + _news, 0);
            batch.Units(_unitsOf, _units!);
        }
    }

    private void Tell(long bucket, InputTally inputs, BatchWriter batch)
    {
        foreach (var count in inputs.CountsWithValues)
        {
            batch.Input(alias, bucket, count);
        }
    }

    private void Enter(DateTimeOffset now)
    {
        var bucket = InputCount.BucketOf(now);
        if (bucket != _bucket)
        {
            if (_inputs is not null || _spoken > 0)
            {
                (_before ??= []).Add((_bucket, CountWords()));
                _inputs = null;
            }

            _bucket = bucket;
        }
    }

    // Nearly every conversation of an alias begins with the same words, and most aliases' requests bring nothing else.
    private InputTally CountWords()
    {
        _inputs ??= new();
        if (_spoken > 0)
        {
            _inputs.Add(OfWords());
            _spoken = 0;
        }

        return _inputs;
    }

    private InputCount OfWords() => new(InputSignal.PromptFingerprint, InputTally.Cut(_words!), _spoken);

    [StructLayout(LayoutKind.Auto)]
    private record struct StartedOf(string Release, long Count, long FirstMs, long LastMs);
}
