namespace Backstop.Core.Evidence;

/// <summary>Facts that become known together. Each group has its own watermark and its own share of alpha.</summary>
/// <remarks>
/// The two are never averaged: when labels arrive, the same requests' arms and form are already known, so the late group's
/// evidence is no fair bet in the history that includes the early one. A union bound over the groups needs nothing.
/// </remarks>
public enum EvidenceGroup
{
    /// <summary>Known when the answer ends. Delivered answers, labelled or not, count as one category here.</summary>
    Form,

    /// <summary>Known when every request of the epoch has its label, or the label deadline passed.</summary>
    Quality,
}
