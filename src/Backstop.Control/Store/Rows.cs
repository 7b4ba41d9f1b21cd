namespace Backstop.Control.Store;

// A row has the columns the store itself decides on; the record is beside them as JSON, written and read by StoreJson.

/// <summary>An immutable release.</summary>
public sealed class ReleaseRow
{
    public required string Name { get; init; }

    public required string Digest { get; init; }

    /// <summary>The canonical manifest: its SHA-256 is the digest.</summary>
    public required string Manifest { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>An immutable version of a component.</summary>
public sealed class ComponentRow
{
    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required int Version { get; init; }

    public required string Digest { get; init; }

    /// <summary>Canonical JSON: its SHA-256 is the digest.</summary>
    public required string Content { get; init; }

    /// <summary>Where it came from, as canonical JSON.</summary>
    public string? Lineage { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The row that decides all traffic of an alias; (epoch, generation) is what a swap compares.</summary>
public sealed class AliasRow
{
    public required string Name { get; init; }

    public required long Epoch { get; init; }

    public required long Generation { get; init; }

    public required string Record { get; init; }
}

/// <summary>A rollout; its revision rises with every write, so that a second owner's write finds nothing to change.</summary>
public sealed class RolloutRow
{
    public required string Id { get; init; }

    public required string Alias { get; init; }

    public required long Revision { get; init; }

    /// <summary>Unique per alias while true: one active rollout, whoever asks.</summary>
    public required bool Active { get; init; }

    public required DateTimeOffset SubmittedAt { get; init; }

    public required string Record { get; init; }
}

/// <summary>One entry of the journal; see <see cref="Registry.Journal"/>.</summary>
public sealed class JournalRow
{
    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Kind { get; init; }

    public required string Actor { get; init; }

    public string? Alias { get; init; }

    public long? Generation { get; init; }

    public required string Reason { get; init; }

    public string? Before { get; init; }

    public string? After { get; init; }

    public required string PreviousHash { get; init; }

    public required string Hash { get; init; }
}

/// <summary>The end of the journal: one row, which every writer of an entry changes and so waits for.</summary>
public sealed class JournalHeadRow
{
    public required int Id { get; init; }

    /// <summary>The number of the last entry; 0 before the first.</summary>
    public required long Sequence { get; init; }

    /// <summary>The hash of the last entry.</summary>
    public required string Hash { get; init; }

    /// <summary>The time of the last entry.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>The merged evidence of one alias, about a second old at most.</summary>
public sealed class EvidenceRow
{
    public required string Alias { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Record { get; init; }

    /// <summary>What requests usually bring with them; null in a row that is older than this column.</summary>
    public string? Inputs { get; init; }
}

/// <summary>An incident.</summary>
public sealed class IncidentRow
{
    public required string Id { get; init; }

    public required string Alias { get; init; }

    public required string Status { get; set; }

    public required DateTimeOffset OpenedAt { get; init; }

    public required string Record { get; set; }
}

/// <summary>A gate.</summary>
public sealed class GateRow
{
    public required string Id { get; init; }

    public required string Alias { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string Record { get; set; }
}

/// <summary>The last result of a suite of files on a release; earlier ones stand in the journal.</summary>
public sealed class SuiteResultRow
{
    /// <summary>Digest of the release.</summary>
    public required string Release { get; init; }

    /// <summary>Id of the suite.</summary>
    public required string Gate { get; init; }

    public required string Record { get; set; }
}

/// <summary>An API key: what is kept of it.</summary>
public sealed class KeyRow
{
    /// <summary>The part of the key that is no secret.</summary>
    public required string Prefix { get; init; }

    public required string Record { get; init; }
}

/// <summary>What MLflow keeps of a registered model, or of a version of it, besides the release.</summary>
public sealed class ModelNoteRow
{
    public required string Model { get; init; }

    /// <summary>The number of the version; 0 is the model itself.</summary>
    public required long Version { get; init; }

    public required string Record { get; set; }
}

/// <summary>What was answered to a request that may be sent again.</summary>
public sealed class AnswerRow
{
    public required string Caller { get; init; }

    /// <summary>The name that the caller gave the request.</summary>
    public required string Key { get; init; }

    /// <summary>Digest of what was asked.</summary>
    public required string Request { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>0 until it was answered.</summary>
    public int Status { get; init; }

    /// <summary>Null until it was answered.</summary>
    public string? Text { get; init; }
}

/// <summary>Work that one control plane does for all of them, for a time.</summary>
public sealed class LeaseRow
{
    /// <summary>The work.</summary>
    public required string Name { get; init; }

    /// <summary>Who does it.</summary>
    public required string Owner { get; init; }

    public required DateTimeOffset Until { get; init; }
}

/// <summary>One control plane of the cluster; see <see cref="Cluster.StoreMembership"/>.</summary>
public sealed class SiloRow
{
    public required string Address { get; init; }

    /// <summary>When it last said that it lives. It is written without the version: it decides nothing.</summary>
    public required DateTimeOffset AliveAt { get; init; }

    public required string Record { get; init; }
}

/// <summary>The version of the list of control planes: one row, which every change compares and raises.</summary>
public sealed class ClusterRow
{
    public required int Id { get; init; }

    public required int Version { get; init; }
}

/// <summary>A gateway that was ever connected: after a restart it may still be out there, serving what it last heard.</summary>
public sealed class GatewayRow
{
    public required string Id { get; init; }

    public required string Zone { get; set; }

    /// <summary>When it connected last.</summary>
    public required DateTimeOffset SeenAt { get; set; }

    /// <summary>Since when it is away; null while it is connected, and when nobody saw it leave.</summary>
    public DateTimeOffset? LeftAt { get; set; }

    /// <summary>Names its last connection, so that the end of an earlier one that is noticed late is not taken for its end.</summary>
    public required string Visit { get; set; }
}
