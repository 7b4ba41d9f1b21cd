using System.Collections.Immutable;
using Backstop.Core.Inputs;

namespace Backstop.Core.Incidents;

/// <summary>All that an <see cref="InputWatch"/> knows, so that another one can go on where it stood.</summary>
/// <param name="Usual">What came while all was well.</param>
/// <param name="Settled">What came since the onset of the present change and is older than the newest buckets.</param>
/// <param name="Recent">The newest buckets, one by one.</param>
/// <param name="Unfamiliar">Of the prompts that came while all was well, how many were unfamiliar then.</param>
/// <param name="Onset">The bucket in which the present change began; null while there is none.</param>
/// <param name="Quiet">Looks in a row at which nothing moved any more.</param>
/// <param name="Begun">When the first count came.</param>
/// <param name="Announced">What was told as new before.</param>
/// <param name="Firsts">What is new and not told yet.</param>
public sealed record InputMemory(
    ImmutableArray<InputCount> Usual,
    ImmutableArray<InputCount> Settled,
    ImmutableArray<InputMemory.Bucket> Recent,
    InputCount Unfamiliar,
    long? Onset,
    int Quiet,
    DateTimeOffset? Begun,
    ImmutableArray<InputMemory.First> Announced,
    ImmutableArray<InputCount> Firsts)
{
    /// <summary>What is held against a reference that stays.</summary>
    public ImmutableArray<DriftStream.State> Drift { get => field.IsDefault ? [] : field; init; }

    /// <summary>What came in five seconds.</summary>
    public sealed record Bucket(long Number, ImmutableArray<InputCount> Counts);

    /// <summary>Something that came for the first time.</summary>
    public sealed record First(InputSignal Signal, string What);
}
