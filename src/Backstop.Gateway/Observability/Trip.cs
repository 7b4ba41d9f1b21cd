using System.Diagnostics;

namespace Backstop.Gateway.Observability;

/// <summary>One request as it is told to whoever watches; filled in on its way.</summary>
/// <param name="span">Its span; null when nobody traces.</param>
/// <param name="operation">What it asks for.</param>
public sealed class Trip(Activity? span, string operation)
{
    private readonly long _began = Stopwatch.GetTimestamp();

    public Activity? Span => span;

    public string Operation => operation;

    /// <summary>The alias; null until it is known to be one, for what callers make up must not become labels.</summary>
    public string? Alias { get; set; }

    /// <summary>Whether it is counted under the alias's name, or among those of which there were too many.</summary>
    public bool IsApart { get; set; }

    /// <summary>Who answered, by name.</summary>
    public string? Release { get; set; }

    /// <summary>The arm it was assigned to.</summary>
    public string? Arm { get; set; }

    /// <summary>What the user received.</summary>
    public string? Served { get; set; }

    /// <summary>How long the first piece of a stream took; null when none was sent.</summary>
    public TimeSpan? FirstPiece { get; private set; }

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    /// <summary>The first piece of a stream leaves.</summary>
    public void Begins() => FirstPiece ??= Elapsed;
}
