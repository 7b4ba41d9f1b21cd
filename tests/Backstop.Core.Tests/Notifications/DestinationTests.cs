using Backstop.Core.Notifications;

namespace Backstop.Core.Tests.Notifications;

public sealed class DestinationTests
{
    [Fact]
    public void A_file_is_read_whole()
    {
        var all = Destination.Read("""
            { "send": [
              { "name": "oncall", "to": "pagerduty", "secret_env": "PAGERDUTY_KEY", "least": "major", "aliases": ["assistant:*"] },
              { "to": "slack", "url_env": "SLACK" },
              { "to": "email", "host": "smtp.example.com", "from": "b@example.com", "recipients": ["a@example.com"], "user": "b", "secret_env": "SMTP" } ] }
            """);

        Assert.Equal(["oncall", "slack", "email"], all.Select(d => d.Name));
        Assert.Equal((587, true), (all[2].Port, all[2].Tls));
    }

    [Theory]
    [InlineData("""{ "send": [ { "to": "pager" } ] }""", "send[0].to: 'pager' is not known. Did you mean 'pagerduty'?")]
    [InlineData("""{ "send": [ { "to": "pagerduty" } ] }""", "needs 'secret_env'")]
    [InlineData("""{ "send": [ { "to": "slack" } ] }""", "needs 'url'")]
    [InlineData("""{ "send": [ { "to": "slack", "url": "chat" } ] }""", "send[0].url: must be an address")]
    [InlineData("""{ "send": [ { "to": "email", "host": "h" } ] }""", "needs 'host', 'from' and 'recipients'")]
    [InlineData("""{ "send": [ { "to": "slack", "url_env": "A" }, { "to": "slack", "url_env": "B" } ] }""", "Two receivers are called 'slack'")]
    [InlineData("""{ "sent": [] }""", "'sent' is not known")]
    public void A_file_that_would_tell_nobody_is_refused_with_what_to_write(string json, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => Destination.Read(json)).Message, StringComparison.Ordinal);
}
