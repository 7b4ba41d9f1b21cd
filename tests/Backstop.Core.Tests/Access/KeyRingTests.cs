using Backstop.Core.Access;

namespace Backstop.Core.Tests.Access;

public sealed class KeyRingTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly byte[] Process = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void The_right_text_is_good_and_any_other_is_unknown()
    {
        var ring = new KeyRing([Key(1), Key(2)], Process);
        foreach (var _ in Enumerable.Range(0, 2)) // Before and after it was proved.
        {
            Assert.Equal(KeyVerdict.Good, ring.Judge(Text(1), Now, out var key, out var rights));
            Assert.Equal("key-1", key!.Name);
            Assert.True(rights.Allow(Scope.Invoke, "assistant:prod"));
            for (var i = 0; i < Text(1).Length; i++)
            {
                var wrong = Text(1).ToCharArray();
                wrong[i] = wrong[i] == '0' ? '1' : '0';
                Assert.Equal(KeyVerdict.Unknown, ring.Judge(wrong, Now, out var none, out var nothing));
                Assert.Null(none);
                Assert.False(nothing.Allow(Scope.Invoke));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("bsk_")]
    [InlineData("Bearer bsk_")]
    [InlineData("sk-0123456789")]
    public void A_text_that_is_no_key_is_unknown(string text) =>
        Assert.Equal(KeyVerdict.Unknown, new KeyRing([Key(1)], Process).Judge(text, Now, out _, out _));

    [Fact]
    public void A_key_ends_at_its_time_and_only_who_has_it_is_told()
    {
        var ring = new KeyRing([Key(1) with { ExpiresAt = Now.AddHours(1) }], Process);
        Assert.Equal(KeyVerdict.Good, ring.Judge(Text(1), Now.AddHours(1).AddTicks(-1), out _, out _));
        Assert.Equal(KeyVerdict.Over, ring.Judge(Text(1), Now.AddHours(1), out _, out var rights));
        Assert.False(rights.Allow(Scope.Invoke));
        Assert.Equal(KeyVerdict.Unknown, ring.Judge(Text(1)[..^1] + 'x', Now.AddHours(1), out _, out _));
    }

    [Fact]
    public void A_revoked_key_is_over_in_the_next_ring_though_it_was_proved_in_the_last()
    {
        var ring = new KeyRing([Key(1)], Process);
        Assert.Equal(KeyVerdict.Good, ring.Judge(Text(1), Now, out _, out _));
        Assert.Equal(KeyVerdict.Over, new KeyRing([Key(1) with { RevokedAt = Now }], Process, ring).Judge(Text(1), Now, out _, out _));
        Assert.Equal(KeyVerdict.Unknown, new KeyRing([], Process, ring).Judge(Text(1), Now, out _, out _));
    }

    [Fact]
    public void A_new_secret_under_an_old_prefix_must_be_proved_again()
    {
        var ring = new KeyRing([Key(1)], Process);
        ring.Judge(Text(1), Now, out _, out _);
        var next = new KeyRing([Key(1) with { Secret = Key(2).Secret }], Process, ring);
        Assert.Equal(KeyVerdict.Unknown, next.Judge(Text(1), Now, out _, out _));
    }

    [Fact]
    public void A_wrong_secret_does_not_cost_the_slow_hash()
    {
        // A hash of so many rounds would keep this test for hours.
        var slow = Key(1) with { Secret = Key(1).Secret with { Rounds = int.MaxValue } };
        var ring = new KeyRing([slow], Process);
        for (var i = 0; i < 1000; i++)
        {
            Assert.Equal(KeyVerdict.Unknown, ring.Judge(Text(1)[..^4] + $"{i:x4}", Now, out _, out _));
        }
    }

    [Fact]
    public void Asking_again_allocates_nothing()
    {
        var ring = new KeyRing([Key(1)], Process);
        var text = Text(1);
        Ask(ring, text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            Ask(ring, text);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        static void Ask(KeyRing ring, string text)
        {
            ring.Judge(text, Now, out _, out var rights);
            rights.Allow(Scope.Invoke, "assistant:prod");
        }
    }

    [Fact]
    public void What_is_kept_of_a_key_does_not_hold_it()
    {
        var text = Text(7);
        var kept = System.Text.Json.JsonSerializer.Serialize(Key(7));
        for (var i = ApiKey.PrefixOf(text).Length + 1; i + 8 <= text.Length; i++)
        {
            Assert.DoesNotContain(text.Substring(i, 8), kept, StringComparison.Ordinal);
        }
    }

    private static string Text(int seed)
    {
        var bytes = new byte[ApiKey.RandomBytes];
        new Random(seed).NextBytes(bytes);
        return ApiKey.From(bytes);
    }

    private static KeyRecord Key(int seed) => new()
    {
        Prefix = ApiKey.PrefixOf(Text(seed)).ToString(),
        Name = $"key-{seed}",
        Scopes = [Scope.Invoke],
        Aliases = ["assistant:*"],
        CreatedAt = Now,
        CreatedBy = "test",
        Secret = SecretHash.Of(Text(seed), [(byte)seed, 2, 3, 4], rounds: 2),
    };
}
