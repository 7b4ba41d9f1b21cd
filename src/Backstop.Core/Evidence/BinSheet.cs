using System.Diagnostics.CodeAnalysis;
using Backstop.Core.Routing;

namespace Backstop.Core.Evidence;

/// <summary>Counts by bin of one open epoch, kept by arm and replica; only what occurred takes space.</summary>
internal struct BinSheet
{
    // From the highest bits down: arm, replica, bin.
    private const int ArmAt = 24, ReplicaAt = 12;

    private KeyedCounts _counts;

    /// <summary>Adds to a bin.</summary>
    public void Count(Arm arm, int replica, int bin, int count = 1) => _counts.Add(((int)arm << ArmAt) | (replica << ReplicaAt) | bin, count);

    /// <summary>Forgets all.</summary>
    public void Clear() => _counts.Clear();

    /// <summary>The cells, in an order that does not depend on what came first.</summary>
    [UnscopedRef]
    public readonly Runs Cells => new(_counts.All);

    /// <summary>Walks over cells.</summary>
    public ref struct Runs
    {
        private ReadOnlySpan<KeyedCounts.Entry> _rest;

        internal Runs(ReadOnlySpan<KeyedCounts.Entry> all) => _rest = all;

        public BinRun Current { get; private set; }

        public readonly Runs GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            var run = KeyedCounts.TakeRun(ref _rest, ReplicaAt);
            var cell = run[0].Key >> ReplicaAt;
            Current = new((Arm)(cell >> (ArmAt - ReplicaAt)), cell & ((1 << (ArmAt - ReplicaAt)) - 1), run, (1 << ReplicaAt) - 1);
            return true;
        }
    }
}
