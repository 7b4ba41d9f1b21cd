using System.Text.Json.Serialization;
using Backstop.Core.Registry;

namespace Backstop.Declarations;

/// <summary>What applying does about one declaration.</summary>
internal enum ApplyAction
{
    /// <summary>It is not there yet.</summary>
    Create,

    /// <summary>It is there and becomes another.</summary>
    Change,

    /// <summary>It is as declared already, or on its way there.</summary>
    Keep,

    /// <summary>It may not become what is declared; nothing at all is applied.</summary>
    Refuse,
}

/// <summary>One line of the plan.</summary>
/// <param name="Text">For people: what happens, or why not and what to do.</param>
/// <param name="Differences">What changes between the release that serves and the one declared.</param>
internal sealed record ApplyStep(
    string Kind, string Name, ApplyAction Action, string Text, [property: JsonIgnore] Declaration Declared, Difference[]? Differences = null);
