namespace Backstop.EndToEnd.Tests.Linearizability;

/// <summary>A checker that finds nothing proves nothing: it is shown histories that no alias can have.</summary>
public sealed class LinearizabilityCheckerTests
{
    private static readonly Answer Done = new Answer.Done();
    private static readonly Answer Refused = new Answer.Refused();
    private static readonly Answer Unknown = new Answer.Unknown();

    [Fact]
    public void Operations_one_after_another_are_fine() => Holds(
        At(0, 1, Swap("v8", 1), Done),
        At(2, 3, Read(), Seen(2, "v8")),
        At(4, 5, new AliasOperation.Rollback(), Done),
        At(6, 7, Swap("v8", 3), Refused),
        At(8, 9, new AliasOperation.Approve("v8"), Done),
        At(10, 11, Swap("v8", 4), Done),
        At(12, 13, Read(), Seen(5, "v8")));

    [Fact]
    public void An_overlapping_read_may_see_either_side() => Holds(
        At(0, 10, Swap("v8", 1), Done),
        At(1, 2, Read(), Seen(1, "v7")),
        At(3, 4, Read(), Seen(2, "v8")));

    [Fact]
    public void A_read_that_goes_back_in_time_is_found() => Breaks(
        At(0, 10, Swap("v8", 1), Done),
        At(1, 2, Read(), Seen(2, "v8")),
        At(3, 4, Read(), Seen(1, "v7")));

    [Fact]
    public void An_acknowledged_swap_that_is_lost_is_found() => Breaks(
        At(0, 1, Swap("v8", 1), Done),
        At(2, 3, Read(), Seen(1, "v7")));

    [Fact]
    public void Two_winners_of_one_generation_are_found() => Breaks(
        At(0, 10, Swap("v8", 1), Done),
        At(0, 10, Swap("v9", 1), Done));

    [Fact]
    public void A_refusal_without_a_reason_is_found() => Breaks(At(0, 1, Swap("v8", 1), Refused));

    [Fact]
    public void A_rollback_of_a_rollback_is_found() => Breaks(
        At(0, 1, Swap("v8", 1), Done),
        At(2, 3, new AliasOperation.Rollback(), Done),
        At(4, 5, new AliasOperation.Rollback(), Done));

    [Fact]
    public void A_swap_past_a_pin_is_found() => Breaks(
        At(0, 1, new AliasOperation.Pin(), Done),
        At(2, 3, Swap("v8", 2), Done));

    [Fact]
    public void What_was_vouched_for_is_returned_to() => Holds(
        At(0, 1, Swap("v8", 1), Done),
        At(2, 3, new AliasOperation.Vouch(), Done),
        At(4, 5, Swap("v9", 3), Done),
        At(6, 7, new AliasOperation.Rollback(), Done),
        At(8, 9, Read(), Seen(5, "v8")));

    [Fact]
    public void What_was_not_answered_may_have_happened_or_not_or_late()
    {
        Holds(At(0, 1, Swap("v8", 1), Unknown), At(2, 3, Read(), Seen(1, "v7")));
        Holds(At(0, 1, Swap("v8", 1), Unknown), At(2, 3, Read(), Seen(2, "v8")));
        Holds(At(0, 1, Swap("v8", 1), Unknown), At(2, 3, Read(), Seen(1, "v7")), At(4, 5, Read(), Seen(2, "v8")));
        Breaks(At(0, 1, Swap("v8", 1), Unknown), At(2, 3, Read(), Seen(2, "v8")), At(4, 5, Read(), Seen(1, "v7")));
    }

    private static void Holds(params Step[] history) => Assert.True(LinearizabilityChecker.IsLinearizable(history, AliasModel.New("v7")));

    private static void Breaks(params Step[] history) => Assert.False(LinearizabilityChecker.IsLinearizable(history, AliasModel.New("v7")));

    private static Step At(long called, long returned, AliasOperation operation, Answer answer) =>
        new(operation, answer, called, answer is Answer.Unknown ? long.MaxValue : returned);

    private static AliasOperation.Swap Swap(string release, long expected) => new(release, expected);

    private static AliasOperation.Read Read() => new();

    private static Answer.Seen Seen(long generation, string current) => new(generation, current);
}
