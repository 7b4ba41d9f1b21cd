using Backstop.Core.Guards;
using Backstop.Core.Guards.Checks;

namespace Backstop.Core.Tests.Guards.Checks;

public sealed class SecretsCheckTests
{
    private static readonly Ring Secrets = OneCheck.Ring("secrets", "fix");

    // In two parts, so that no scanner of repositories takes this file for a leak. None of them was ever valid.
    [Theory]
    [InlineData("aws_access_key", "AKIA", "IOSFODNN7EXAMPLQ")]
    [InlineData("github_token", "ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17")]
    [InlineData("gitlab_token", "glpat-", "xK9dLm2QwErTy7UiOp4A")]
    [InlineData("anthropic_key", "sk-ant-", "api03-Xk29dLmQwErTyUiOpAsDfGhJkLzXcVbNm1234567890qwertyuiopasdfghjklzxcvbnmQWERTYAA")]
    [InlineData("openai_key", "sk-proj-", "Xk29dLmQwErTyUiOpAsDfGhJkLzXcVbNm1234567890qwertyui_opasd-fgh")]
    [InlineData("google_api_key", "AIza", "SyD3k29dLmQwErTyUiOpAsDfGhJkLzXcVbN")]
    [InlineData("slack_token", "xoxb-", "123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx")]
    [InlineData("slack_webhook", "https://hooks.slack.com/services/", "T01ABCDEF/B02ABCDEF/AbCdEfGhIjKlMnOpQrStUvWx")]
    [InlineData("stripe_key", "sk_live_", "4eC39HqLyjWDarjtT1zdp7dc")]
    [InlineData("sendgrid_key", "SG.", "abcdefghijklmnopqrstuv.ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq")]
    [InlineData("huggingface_token", "hf_", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567")]
    [InlineData("telegram_bot_token", "123456789:", "AAabcdefghijklmnopqrstuvwxyz0123456")]
    [InlineData("jwt", "eyJ", "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U")]
    [InlineData("assigned", "password = ", "'hunter2!correct'")]
    [InlineData("assigned", "DB_PASSWORD=", "hunter2correct")]
    [InlineData("assigned", "api_key: ", "\"9f8a7b6c5d4e3f2a1b0c\"")]
    [InlineData("assigned", "Authorization: Bearer ", "Xk29dLmQwErTyUiOpAsD")]
    [InlineData("url_password", "postgres://admin:", "s3cr3tpw@db.internal/app")]
    [InlineData("private_key", "-----BEGIN RSA PRIVATE ", "KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----")]
    public void A_secret_is_found_by_its_form_or_by_the_word_before_it(string rule, string first, string second)
    {
        Assert.Contains(rule, Secrets.Rules($"Use {first}{second} for it."));
        Assert.Contains(rule, Secrets.Rules(first + second));
    }

    [Theory]
    [InlineData("ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18")]
    [InlineData("AKIA is the prefix of an access key")]
    [InlineData("The password is the same as always")]
    [InlineData("password = os.environ.get(name)")]
    [InlineData("api_key = \"your_api_key_here_12345678\"")]
    [InlineData("token: ${{ secrets.TOKEN }}")]
    [InlineData("https://user@example.com/path")]
    [InlineData("https://user:password@example.com")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMIIDdzCCAl\n-----END CERTIFICATE-----")]
    [InlineData("commit 57cc04f3d952ff93580f936d1835649607887e91")]
    public void What_only_looks_like_a_secret_is_left_alone(string text) => Assert.Empty(Secrets.Rules(text));

    [Fact]
    public void The_whole_of_a_private_key_is_taken_out()
    {
        var body = string.Join('\n', Enumerable.Range(0, 24).Select(i => $"MIIEpAIBAAKCAQEA{i:00}dLmQwErTyUiOpAsDfGhJkLzXcVbNm1234567890qwertyui+/"));
        var key = $"-----BEGIN PRIVATE {"KEY"}-----\n{body}\n-----END PRIVATE {"KEY"}-----";
        var text = Secrets.Fixed($"Here it is:\n{key}\nKeep it safe.");
        Assert.DoesNotContain("MIIE", text, StringComparison.Ordinal);
        Assert.EndsWith("\nKeep it safe.", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_does_not_end_is_taken_out_to_its_end()
    {
        var token = "eyJhbGciOiJIUzI1NiJ9.eyJ" + new string('x', 3000) + ".sig-nature";
        Assert.Equal("a [JWT] b", Secrets.Fixed($"a {token} b"));
    }

    [Fact]
    public void There_are_at_least_sixty_formats() => Assert.True(SecretsCheck.Rules.Count >= 60);
}
