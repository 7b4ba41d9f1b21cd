using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Backstop.Core.Guards;

/// <summary>The compiled checks of one stage of a ring, and what is asked for with every text of it.</summary>
internal sealed class StageChecks
{
    /// <summary>Of a stage at which nobody looks.</summary>
    public static readonly StageChecks None = new([]);

    private StageChecks(ImmutableArray<CompiledCheck> all)
    {
        All = all;
        Deciding = all.RemoveAll(check => check.OnlyNotes);
        Noting = all.RemoveAll(check => !check.OnlyNotes);
        Asks = all.Any(check => check.Descriptor.Asks);
        IsOfTextAlone = Deciding.All(check => check.Descriptor.IsOfTextAlone);
    }

    public ImmutableArray<CompiledCheck> All { get; }

    /// <summary>Those that may change what becomes of the text.</summary>
    public ImmutableArray<CompiledCheck> Deciding { get; }

    /// <summary>Those that only take notes.</summary>
    public ImmutableArray<CompiledCheck> Noting { get; }

    /// <summary>Whether somebody outside is asked about its texts.</summary>
    public bool Asks { get; }

    /// <summary>Whether all that is said about a text depends on the text alone.</summary>
    public bool IsOfTextAlone { get; }

    /// <summary>One for all stages at which nobody looks: thousands of rings have most of theirs so.</summary>
    public static StageChecks Of(ImmutableArray<CompiledCheck> all) => all.IsEmpty ? None : new(all);

    /// <summary>Those of its checks that a condition holds for.</summary>
    public StageChecks Where(Func<CompiledCheck, bool> condition) => All.All(condition) ? this : Of([.. All.Where(condition)]);

    /// <summary>What looking at a text reads first.</summary>
    public IEnumerable<object?> Read => [this, ImmutableCollectionsMarshal.AsArray(All), .. All.SelectMany(check => (object[])[check, check.Check, check.Use])];

    public ImmutableArray<CompiledCheck> Doing(Work work) => work switch
    {
        Work.Decide => Deciding,
        Work.Note => Noting,
        _ => All,
    };
}
