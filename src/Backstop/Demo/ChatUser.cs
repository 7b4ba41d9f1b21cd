using Backstop.Emulation;

namespace Backstop.Demo;

/// <summary>Users of a chat: they ask, read the whole answer, and say whether it was right. One in twenty attacks.</summary>
internal sealed class ChatUser(ChatCaller caller, int seed)
{
    private const double AttackShare = 0.05;

    private const double StreamShare = 0.2;

    /// <summary>One user, from the question to the word whether the answer was right.</summary>
    public async Task<Receipt> Serve(int number, CancellationToken cancel)
    {
        var dice = Dice.For(seed, number);
        var question = Questions.Next(dice);
        var attack = dice.Chance(AttackShare);
        var prompt = attack ? AttackPrompts.Compose(dice, question.Text) : question.Text;
        var id = $"{Traffic.IdPrefix}{number}";
        var sentAt = DateTimeOffset.UtcNow;
        var answer = await caller.Ask(id, prompt, stream: dice.Chance(StreamShare), cancel);
        var correct = answer is { Status: 200, Filtered: false } ? question.IsAnsweredBy(answer.Text) : (bool?)null;
        if (correct is { } known)
        {
            await caller.Score(id, known, question.Answer, cancel);
        }

        return new(id, sentAt, answer.Status, answer.Release, answer.Text, answer.Filtered, attack, correct, answer.Latency);
    }
}
