using Backstop.Control.Api;

namespace Backstop.Control.Tests.Store;

/// <summary>Answers that can be given again are kept for a while, and not for ever.</summary>
public abstract partial class StoreCompliance
{
    [Fact]
    public async Task An_answer_is_kept_for_its_caller_and_forgotten_after_a_day()
    {
        var shelf = new AnswerShelf(Store, _clock);
        Assert.Null(await shelf.Take("ada", "k", "asked"));
        Assert.Equal("asked", (await shelf.Take("ada", "k", "asked"))!.Request);
        Assert.Null((await shelf.Take("ada", "k", "asked"))!.Text);
        Assert.True(await shelf.Keep("ada", "k", 200, "{}"));
        Assert.Null(await shelf.Take("bob", "k", "asked"));

        _clock.Advance(AnswerShelf.Kept - TimeSpan.FromMinutes(1));
        Assert.Null(await shelf.Take("ada", "another", "asked"));
        Assert.Equal((200, "{}"), await shelf.Take("ada", "k", "asked") is { } kept ? (kept.Status, kept.Text) : default);

        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Null(await shelf.Take("ada", "a third", "asked"));
        Assert.Null(await shelf.Take("ada", "k", "asked"));
    }
}
