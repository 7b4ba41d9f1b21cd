using System.Text.Json;

namespace Backstop.Gateway.Requests;

/// <summary>What a model is told of an answer that could not be used.</summary>
/// <param name="Answer">What it said.</param>
/// <param name="Text">What is wrong with it.</param>
public sealed record Remark(string Answer, string Text)
{
    // A model that wrote a book must not be sent it back: the remark alone has to do.
    private const int LongestAnswer = 4 * 1024;

    /// <summary>As the messages that follow the conversation.</summary>
    /// <param name="first">Whether no message stands before them.</param>
    public byte[] AsMessages(bool first)
    {
        var answer = Answer.Length is > 0 and <= LongestAnswer ? $$"""{"role":"assistant","content":{{JsonSerializer.Serialize(Answer)}}},""" : "";
        return [.. first ? [] : ","u8, .. System.Text.Encoding.UTF8.GetBytes($$"""{{answer}}{"role":"user","content":{{JsonSerializer.Serialize(Text)}}}""")];
    }
}
