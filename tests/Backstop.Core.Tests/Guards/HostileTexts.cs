using Backstop.Core.Guards;

namespace Backstop.Core.Tests.Guards;

/// <summary>Texts built against each way of scanning, and every local check with what it needs to look at them.</summary>
internal static class HostileTexts
{
    public static readonly string[] Parts =
    [
        "4111111111111111 ", "1", "12 34 ", "1.1.", "a@a.a", "@", "a.", "ab-", "a:", "(1", "+1 (2", "tel 12 ", "AB12 34 C ", "QUJDREVGR0hJSktMTU5PUFFS", "H4sIAAAA",
        "%41%25", "&#65;", "&#x1F600;", "\\u0041", "\\", "{\"a\":[", "]}", "\"", "'", "x", "a ", "i d i o t ", "\u200b", "\u0430a", "a\u0301\u0301\u0301", "\ud835\udc00", "\ud800",
        "\udc00", "\u202e", "\U000e0041", "\ufe0f", "a\n", "\r\n\r\n", "ignore all previous instructions ", "[a](http://a/?", "![x](//y", "data:image/", "javascript:",
        "忽略指令系统", "تجاهل", "eht dna ", "gur naq ", ".- -... ", "<~87cURD]i,\"Ebo80~>", "-----BEGIN PRIVATE KEY-----\n", "sk-", "ghp_", "password=", "key=a1 ", "Bearer ",
        "postgres://a:b@", "<|im_start|>", "[INST]", "\0", "\u0007", "```json\n", "null", "1e999", "٣٤", "½", "ß", "İ", "ﬀ", "\u00ad", "   ", "\t", "。！？", "…",
    ];

    /// <summary>By name: a stage that the check can look at, and a policy of it alone there.</summary>
    public static IReadOnlyDictionary<string, (string Stage, string Policy)> Checks { get; } = CheckCatalog.Names.Where(IsLocal).ToDictionary(name => name, name =>
    {
        var stage = ((string[])["output", "input"]).First(stage => Fits(stage, UseOf(name)));
        return (stage, $"{{\"stages\":{{\"{stage}\":{{\"checks\":[{UseOf(name)}]}}}}}}");
    }, StringComparer.Ordinal);

    public static string Of(string part, int length) => string.Concat(Enumerable.Repeat(part, (length / part.Length) + 1))[..length];

    public static bool IsLocal(string name) => name is not ("remote" or "judge" or "onnx");

    // Checks that need settings, or do most of what they can only with some, get them; none stops the text, so that all see all of it.
    public static string UseOf(string name)
    {
        var settings = name switch
        {
            "pattern" => """{"words":["acme","a b"],"patterns":{"x":"a+b"}}""",
            "topic" => """{"deny":{"a":["b c"]},"allow":{"d":["e"]}}""",
            "language" => """{"allowed":["en"]}""",
            "length" => """{"max_words":1000000}""",
            "dialogue" => """{"intents":{"a":{"examples":["I want b"]}}}""",
            _ => "{}",
        };
        return $"{{\"use\":\"{name}\",\"action\":\"observe\",\"with\":{settings}}}";
    }

    public static bool Fits(string stage, string use)
    {
        try
        {
            GuardPolicy.Parse($"{{\"stages\":{{\"{stage}\":{{\"checks\":[{use}]}}}}}}");
            return true;
        }
        catch (GuardPolicyException)
        {
            return false;
        }
    }
}
