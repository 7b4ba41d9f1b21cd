using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Mail;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Backstop.Core.Notifications;

namespace Backstop.Control.Notifications;

/// <summary>What became of one attempt to tell somebody.</summary>
/// <param name="Done">Whether it arrived.</param>
/// <param name="Hopeless">Whether to try again would change nothing.</param>
/// <param name="Why">What the receiver said; null when it arrived.</param>
public sealed record Delivery(bool Done, bool Hopeless, string? Why)
{
    public static Delivery Arrived { get; } = new(true, false, null);
}

/// <summary>Carries one notice to one receiver, once.</summary>
public sealed class Courier(TimeProvider clock) : IDisposable
{
    private const string PagerDuty = "https://events.pagerduty.com";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>For how long Alertmanager believes an alert that is not said again.</summary>
    public static readonly TimeSpan Believed = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http = new() { Timeout = Patience };

    /// <summary>Tries once.</summary>
    public async Task<Delivery> Send(Destination to, Notice notice, DateTimeOffset openedAt, CancellationToken cancel)
    {
        try
        {
            return to.Channel switch
            {
                Channel.Email => await Mail(to, notice, cancel),
                Channel.Pagerduty => await Post(Address(to, "/v2/enqueue"), NoticeForm.PagerDuty(notice, Secret(to)), cancel),
                Channel.Alertmanager => await Post(Address(to, "/api/v2/alerts"), NoticeForm.Alertmanager(notice, openedAt, notice.IsEnd ? notice.At : clock.GetUtcNow() + Believed), cancel),
                Channel.Slack => await Post(Address(to, ""), NoticeForm.Slack(notice), cancel),
                Channel.Teams => await Post(Address(to, ""), NoticeForm.Teams(notice), cancel),
                _ => await Signed(to, notice, cancel),
            };
        }
        catch (Exception e) when (e is HttpRequestException or SmtpException or FormatException or InvalidOperationException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // A name that does not resolve today, a server that restarts, a variable that somebody will set: it may get better.
            return new(false, false, e is OperationCanceledException ? $"no answer within {Patience.TotalSeconds:0} s" : e.Message);
        }
    }

    /// <summary>Tells PagerDuty of a change.</summary>
    public async Task<Delivery> SendChange(Destination to, string summary, string source, DateTimeOffset at, CancellationToken cancel)
    {
        try
        {
            return await Post(Address(to, "/v2/change/enqueue"), NoticeForm.PagerDutyChange(summary, source, at, Secret(to)), cancel);
        }
        catch (Exception e) when (e is HttpRequestException or InvalidOperationException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            return new(false, false, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private Task<Delivery> Post(Uri address, JsonNode body, CancellationToken cancel) => Post(address, body.ToJsonString(), null, cancel);

    private async Task<Delivery> Post(Uri address, string body, Action<HttpRequestHeaders>? more, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        more?.Invoke(request.Headers);
        using var answer = await _http.SendAsync(request, cancel);
        if (answer.IsSuccessStatusCode)
        {
            return Delivery.Arrived;
        }

        var said = await answer.Content.ReadAsStringAsync(cancel);
        var hopeless = answer.StatusCode is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError and not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);
        return new(false, hopeless, $"answered {(int)answer.StatusCode}: {(said.Length <= 200 ? said : said[..200] + "…")}");
    }

    // Standard Webhooks: base64 of HMAC-SHA256 over id.timestamp.body, with the secret behind "whsec_".
    private Task<Delivery> Signed(Destination to, Notice notice, CancellationToken cancel)
    {
        var (body, time) = (NoticeForm.Webhook(notice).ToJsonString(), clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        var secret = Secret(to);
        var key = secret.StartsWith("whsec_", StringComparison.Ordinal) ? Convert.FromBase64String(secret["whsec_".Length..]) : Encoding.UTF8.GetBytes(secret);
        var signature = Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{notice.Id}.{time}.{body}")));
        return Post(
            Address(to, ""),
            body,
            headers =>
            {
                headers.Add("webhook-id", notice.Id);
                headers.Add("webhook-timestamp", time);
                headers.Add("webhook-signature", $"v1,{signature}");
            },
            cancel);
    }

    private static async Task<Delivery> Mail(Destination to, Notice notice, CancellationToken cancel)
    {
        using var client = new SmtpClient(to.Host, to.Port) { EnableSsl = to.Tls };
        if (to.User is { } user)
        {
            client.Credentials = new NetworkCredential(user, Secret(to));
        }

        using var letter = new MailMessage { From = new(to.From!), Subject = notice.Summary.ReplaceLineEndings(" "), Body = NoticeForm.Letter(notice) };
        foreach (var recipient in to.Recipients)
        {
            letter.To.Add(recipient);
        }

        // Letters about one incident stand together, and one that comes twice is one.
        letter.Headers.Add("Message-ID", $"<{notice.Id}@backstop>");
        if (notice.Stage != NoticeStage.Opened)
        {
            letter.Headers.Add("In-Reply-To", $"<{notice.Key}-opened@backstop>");
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(Patience);
        await client.SendMailAsync(letter, patience.Token);
        return Delivery.Arrived;
    }

    private static Uri Address(Destination to, string path)
    {
        var address = to.UrlVariable is { } variable ? Variable(variable) : to.Url?.ToString() ?? PagerDuty;
        return path.Length == 0 || address.EndsWith(path, StringComparison.Ordinal) ? new(address) : new(address.TrimEnd('/') + path);
    }

    private static string Secret(Destination to) => Variable(to.SecretVariable ?? throw new InvalidOperationException($"{to.Name} has no 'secret_env'."));

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : throw new InvalidOperationException($"the environment variable {name} is not set");
}
