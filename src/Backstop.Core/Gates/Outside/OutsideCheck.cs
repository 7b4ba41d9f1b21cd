using System.Collections.Immutable;

namespace Backstop.Core.Gates.Outside;

/// <summary>A check that somebody else makes: a program of one's own, a service, a model that judges.</summary>
/// <remarks>
/// They stand in <c>gate.yaml</c> alone and never beside a case: cases are data that may come from anywhere, and data must
/// neither start programs nor send answers to addresses.
/// </remarks>
/// <param name="Name">The word for it in reports.</param>
/// <param name="Timeout">How long it may take for one answer, 1 s to 10 min.</param>
public abstract record OutsideCheck(string Name, TimeSpan Timeout)
{
    /// <summary>A program that reads the question on standard input and writes its verdict.</summary>
    /// <param name="Program">The program and its arguments, as they are: no shell reads them.</param>
    /// <param name="AtLeast">The score that passes, where the verdict is a score.</param>
    public sealed record Command(string Name, TimeSpan Timeout, ImmutableArray<string> Program, double? AtLeast) : OutsideCheck(Name, Timeout);

    /// <summary>A service that is posted the question and answers with its verdict.</summary>
    /// <param name="KeyVariable">The environment variable that holds its bearer token; null when it wants none.</param>
    /// <param name="AtLeast">The score that passes, where the verdict is a score.</param>
    public sealed record Http(string Name, TimeSpan Timeout, Uri Address, string? KeyVariable, double? AtLeast) : OutsideCheck(Name, Timeout);

    /// <summary>A model that judges by a rubric, and is believed only as far as it agrees with answers that people have judged.</summary>
    /// <param name="Address">Base address of an OpenAI-compatible API, such as <c>https://api.example.com/v1</c>.</param>
    /// <param name="Model">The exact model: an answer of any other is no verdict.</param>
    /// <param name="Rubric">What a good answer is.</param>
    /// <param name="KeyVariable">The environment variable that holds its bearer token; null when it wants none.</param>
    /// <param name="Anchors">Answers that people have judged.</param>
    /// <param name="LeastAgreement">The share of good anchors that it must pass, and of bad ones that it must fail, 0 to 1.</param>
    public sealed record Judge(
        string Name, TimeSpan Timeout, Uri Address, string Model, string Rubric, string? KeyVariable, ImmutableArray<Anchor> Anchors, double LeastAgreement)
        : OutsideCheck(Name, Timeout);
}

/// <summary>An answer that people have judged.</summary>
/// <param name="Passes">What they said.</param>
public sealed record Anchor(OutsideQuestion Question, bool Passes);
