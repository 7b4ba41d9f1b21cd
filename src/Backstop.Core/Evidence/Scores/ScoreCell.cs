using System.Collections.Immutable;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence.Scores;

/// <summary>Scores of one name, arm and replica within a bucket: pairs of a step of <see cref="ScoreCounts"/> and a count, only those that occurred.</summary>
public sealed record ScoreCell(string Name, Arm Arm, int Replica, ImmutableArray<long> Steps);
