using System.Collections.Immutable;
using Backstop.Core.Evidence;

namespace Backstop.Simulation.Replay;

/// <summary>One line of a recording.</summary>
/// <param name="Line">Its number in the file, from 1.</param>
/// <param name="T">When the request was assigned, in seconds, as the file counts them.</param>
/// <param name="Id">What names this request and no other, where the file has it.</param>
/// <param name="Unit">Who or what was assigned, where the file has it.</param>
/// <param name="Tested">Whether it was assigned to the arm under suspicion.</param>
/// <param name="Share">The share of the tested arm that was planned at this time, where the file has it.</param>
/// <param name="Signals">Numbers by name; what was missing or no number is not in it.</param>
public sealed record RecordedRequest(
    int Line, double T, string? Id, string? Unit, bool Tested, Outcome Outcome, bool Attack, double? Share,
    ImmutableSortedDictionary<string, double> Signals);

/// <summary>Something in the file that could not be used.</summary>
/// <param name="Line">The number of the line, from 1.</param>
public sealed record ReplayProblem(int Line, string What);

/// <summary>What a file held.</summary>
/// <param name="Requests">The usable lines, in the order of the file.</param>
/// <param name="Problems">The lines that were left out, and why.</param>
/// <param name="Notes">What was read otherwise than it is written, and why.</param>
public sealed record Recording(
    ImmutableArray<RecordedRequest> Requests, ImmutableArray<ReplayProblem> Problems, ImmutableArray<string> Notes);
