using Backstop.Control.Registry;
using Backstop.Control.Rollouts;
using Backstop.Control.Store;
using Backstop.Core.Registry;
using Backstop.Core.Rollouts;

namespace Backstop.Control.Tests.Rollouts.Edges;

/// <summary>An owner of one alias on a real store, without its surroundings: it decides on what it last read, and the store says whether that still holds.</summary>
internal sealed class Node
{
    private static readonly JournalDraft Why = new("test", "tester", "because");

    private readonly AliasStore _aliases;
    private StoredRollout _rollout;

    private Node(AliasStore aliases, AliasRecord alias, StoredRollout rollout) => (_aliases, Alias, _rollout) = (aliases, alias, rollout);

    public AliasRecord Alias { get; private set; }

    public string Name => Alias.Name;

    public RolloutState State => new(_rollout.Rollout, Alias);

    /// <summary>How often it found that somebody else had moved first.</summary>
    public int Overtaken { get; private set; }

    /// <summary>Puts a state into the store as somebody left it there, each time under an alias of its own.</summary>
    public static async Task<Node[]> Begin(DurableStore store, RolloutState state, params int[] numbers)
    {
        var nodes = Array.ConvertAll(numbers, number =>
        {
            var alias = state.Alias with { Name = $"a{number}:prod" };
            return new Node(new(store, TimeProvider.System), alias, new()
            {
                SubmittedAt = state.Rollout.Since, Evidence = new(), Rollout = state.Rollout with { Alias = alias.Name, Id = $"r{number}" },
            });
        });
        await store.Write(context =>
        {
            foreach (var (alias, stored) in nodes.Select(n => (n.Alias, n._rollout)))
            {
                context.Aliases.Add(new() { Name = alias.Name, Epoch = alias.Epoch, Generation = alias.Generation, Record = StoreJson.Write(alias) });
                context.Rollouts.Add(new()
                {
                    Id = stored.Rollout.Id,
                    Alias = alias.Name,
                    Revision = stored.Revision,
                    Active = !stored.Rollout.IsTerminal,
                    SubmittedAt = stored.SubmittedAt,
                    Record = StoreJson.Write(stored),
                });
            }

            return Task.FromResult((true, true));
        });
        return nodes;
    }

    /// <summary>A new owner, who knows nothing but the store.</summary>
    public static async Task<Node> TakeUp(DurableStore store, string alias)
    {
        var aliases = new AliasStore(store, TimeProvider.System);
        return new(aliases, (await aliases.Find(alias))!, (await aliases.LatestRollout(alias))!);
    }

    /// <summary>Decides and writes; when somebody was first, reads and decides again.</summary>
    public async Task<Decision> Handle(RolloutEvent e)
    {
        while (true)
        {
            var decision = RolloutMachine.Step(State, e);
            if (!decision.IsNews(State))
            {
                _rollout = _rollout with { Rollout = decision.Next.Rollout };
                return decision;
            }

            if (await Write(decision))
            {
                return decision;
            }

            await Read();
        }
    }

    /// <summary>Writes a decision that was made before; false when somebody else moved first.</summary>
    public async Task<bool> Write(Decision decision)
    {
        var next = _rollout with { Revision = _rollout.Revision + 1, Rollout = decision.Next.Rollout };
        if (await _aliases.Commit(Alias, decision.Next.Alias, next, Why with { Kind = $"rollout_{decision.Next.Rollout.Status}" }) is CommitResult.Stale)
        {
            Overtaken++;
            return false;
        }

        (Alias, _rollout) = (decision.Next.Alias, next);
        return true;
    }

    /// <summary>Changes the alias itself, as a person does.</summary>
    public async Task Change(AliasChange change)
    {
        await Read();
        var next = ((SwapResult.Swapped)Alias.Apply(change, Alias.Generation)).Alias;
        await _aliases.Commit(Alias, next, rollout: null, Why);
        Alias = next;
    }

    public async Task Read()
    {
        Alias = (await _aliases.Find(Name))!;
        _rollout = (await _aliases.LatestRollout(Name))!;
    }
}
