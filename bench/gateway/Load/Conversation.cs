using System.Text.Encodings.Web;
using System.Text.Json;

namespace Backstop.GatewayBench.Load;

/// <summary>What is asked and answered, in sentences as people write them: checks may not take a shortcut that real texts do not give them.</summary>
internal static class Conversation
{
    /// <summary>JSON as clients and model servers write it: the platform's own writer escapes every apostrophe.</summary>
    public static JsonSerializerOptions AsSent { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public const string Prompt = "You answer questions of travellers, in a friendly way and at length.";

    public const string Question =
        "I am planning a trip to the mountains in early spring with my two children, who are seven and ten years old. We would like " +
        "to walk for three or four hours a day, sleep in huts or small inns, and never carry more than a light backpack. Last year we " +
        "went to the lakes and it rained for most of the week, so this time we would rather pay a little more and have a plan for bad " +
        "weather. Could you suggest a route for five days, with the distance and the climb of each day, and tell me what we should take " +
        "with us? Please mention where we can buy food on the way, because the younger one does not eat cheese or mushrooms. We are " +
        "arriving by train on a Saturday and must be back at the station on Thursday afternoon.";

    public const string Answer =
        "That sounds like a lovely trip. For five days in early spring I would stay on the sunny side of the valley, where the paths are " +
        "free of snow sooner. On Saturday take the bus from the station to the first village and walk along the river for two hours; the " +
        "inn by the bridge cooks well and there is a bakery next door. On Sunday the path climbs gently through the forest, about nine " +
        "kilometres with four hundred metres of ascent, to a hut with a stove and small rooms for families. Monday is the longest day, " +
        "so start early and rest at the lake. If it rains, the old mill has a museum that children enjoy, and the train back to the " +
        "valley runs every hour. Pack warm layers, a light rain jacket for everybody, and good shoes that are already worn in.";
}
