using Xunit.Sdk;
using Xunit.v3;

// Who waits for a process lets another test compute. Those whose deadlines are the product's own are Alone.
[assembly: Parallelization(Mode = ParallelMode.Collections, MaxThreads = 2)]

namespace Backstop.EndToEnd.Tests;

/// <summary>Fleets under steady load, in which whoever is slow is taken for dead: such tests run one by one, with no other beside them.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class Alone;

/// <summary>Tests that share a server, for they need aliases and releases of their own only, or none: to start one takes longer than most of them.</summary>
[CollectionDefinition]
public sealed class OneServer : ICollectionFixture<RunningBackstop>;
