using System.Globalization;
using Backstop.Core.Gates;

namespace Backstop.Client;

/// <summary>A gate as it is declared.</summary>
public sealed record NewGate(
    string Id, string Alias, string Owner, NewCase[] Cases, int FailIfMoreThan, double GoodFailRate, double BadFailRate, string ReviewBy)
{
    public int? Samples { get; init; }

    public string? State { get; init; }

    /// <summary>With the cases and the date as the server takes them.</summary>
    /// <exception cref="FormatException">One of them makes no sense.</exception>
    public NewGate Normalised() => this with
    {
        Samples = Samples ?? 1,
        State = State ?? "enforcing",
        Cases = [.. Cases.Select((c, i) => c.Normalised(i + 1))],
        ReviewBy = DateTimeOffset.TryParse(ReviewBy, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var day)
            ? day.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture)
            : throw new FormatException($"review_by is '{ReviewBy}': write a day such as 2027-06-01."),
    };

    /// <summary>The digest of the cases, as the server computes it.</summary>
    public string CasesDigest() => GateFiles.CasesDigest(
        [.. Cases.Select(c => new GateCase(c.Id!, [.. c.Messages!.Select(m => new GateMessage(m.Role, m.Content))], c.Expected))]);
}

/// <summary>A case: messages, or one prompt of the user.</summary>
public sealed record NewCase(string? Id = null, string? Prompt = null, MessageView[]? Messages = null, string? Expected = null)
{
    /// <summary>With a name and messages.</summary>
    /// <exception cref="FormatException">It has neither or both of prompt and messages.</exception>
    public NewCase Normalised(int number) => (Prompt, Messages) switch
    {
        ({ } prompt, null) => new(Id ?? $"case-{number:000}", Messages: [new("user", prompt)], Expected: Expected),
        (null, { Length: > 0 }) => this with { Id = Id ?? $"case-{number:000}" },
        _ => throw new FormatException($"case {number} needs either 'prompt' or 'messages'."),
    };
}
