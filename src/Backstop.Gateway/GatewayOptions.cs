using System.ComponentModel.DataAnnotations;
using System.Net.Security;
using Backstop.Core.Guards;
using Backstop.Core.Routing;
using Backstop.Gateway.Fleet;

namespace Backstop.Gateway;

/// <summary>How a gateway runs.</summary>
public sealed class GatewayOptions
{
    /// <summary>Names this gateway in acknowledgements and batches; the same after a restart.</summary>
    [Required]
    public string GatewayId { get; set; } = Environment.MachineName;

    /// <summary>Where the fleet streams of the control planes listen. It follows one, and goes to the next when that is gone.</summary>
    [Required, MinLength(1)]
    public ControlAddress[] Control { get; set; } = [new(new("http://127.0.0.1:8081"))];

    /// <summary>Where this gateway is: it follows control planes and relays of the same zone while one can be reached. Empty for nowhere in particular.</summary>
    [StringLength(100)]
    public string Zone { get; set; } = "";

    /// <summary>How often a gateway that had to leave its zone looks whether it can go back.</summary>
    /// <value>100 ms to 1 h. 30 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan HomeInterval { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What to show control, and what to ask of it, where the address is https.</summary>
    public SslClientAuthenticationOptions? ControlTls { get; set; }

    /// <summary>Folder of the last route table.</summary>
    [Required]
    public string DataDirectory { get; set; } = "backstop-data";

    /// <summary>Whether callers need a key even while control says that none exists: set where other machines can call.</summary>
    public bool RequireKeys { get; set; }

    /// <summary>Time between two batches of signals. Shorter finds a regression sooner and costs more messages.</summary>
    /// <value>100 ms to 60 s. 250 ms by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan BatchInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Largest request body.</summary>
    /// <value>1 KiB to 256 MiB. 10 MiB by default.</value>
    [Range(1024, 256 << 20)]
    public int MaxBodyBytes { get; set; } = 10 << 20;

    /// <summary>Longest answer body that is screened whole.</summary>
    /// <value>1 KiB to 256 MiB. 10 MiB by default.</value>
    [Range(1024, 256 << 20)]
    public int MaxAnswerBytes { get; set; } = 10 << 20;

    /// <summary>Most requests answered at one time; others are told to come back.</summary>
    /// <value>1 to 1,000,000. 10,000 by default.</value>
    [Range(1, 1_000_000)]
    public int MaxConcurrentRequests { get; set; } = 10_000;

    /// <summary>Time to connect to a replica.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Time until the first byte of an answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:30:00")]
    public TimeSpan FirstByteTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Time between two pieces of a streamed answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:30:00")]
    public TimeSpan BetweenBytesTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time of a whole request, from its first byte to its answer's last, with everything that is asked again in between.</summary>
    /// <value>10 ms to 24 h. 10 min by default.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan RequestDeadline { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What neither an alias nor a release says otherwise.</summary>
    internal Timeouts Timeouts => new(ConnectTimeout, FirstByteTimeout, BetweenBytesTimeout, RequestDeadline);

    /// <summary>How long after its epoch ended a request may stay unanswered before it counts as late in the evidence.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:30:00")]
    public TimeSpan AnswerDeadline { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time for which a gateway that was started tries its checks on made-up texts before <c>/readyz</c> lets requests come.</summary>
    /// <value>0 to 10 s. 0.3 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")]
    public TimeSpan WarmUp { get; set; } = TimeSpan.FromSeconds(0.3);

    /// <summary>How long a gateway that was told to stop goes on taking requests, while <c>/readyz</c> sends new ones elsewhere.</summary>
    /// <value>0 to 5 min. 2 s by default: as long as whoever balances the load may take to ask.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan DrainDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the requests under way may take after that.</summary>
    /// <value>0 to 24 h. 30 s by default.</value>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan DrainDeadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How many batches wait for an acknowledgement before the oldest is dropped and counted: one a second at the least while control is away.</summary>
    /// <value>1 to 1,000,000. 12,000 by default.</value>
    [Range(1, 1_000_000)]
    public int MaxUnacknowledgedBatches { get; set; } = 12_000;

    /// <summary>How many bytes of batches wait for an acknowledgement before the oldest is dropped and counted: many aliases fill long batches.</summary>
    /// <value>1 MiB to 4 GiB. 64 MiB by default.</value>
    [Range(1L << 20, 4L << 30)]
    public long MaxUnacknowledgedBytes { get; set; } = 64 << 20;

    /// <summary>Folder of the classifiers that policies name; null for <c>models</c> in the data folder.</summary>
    public string? ModelFolder { get; set; }

    /// <summary>Folder of what runs them, which is loaded when a policy names one; null for <c>onnx</c> beside this program.</summary>
    public string? OnnxFolder { get; set; }

    /// <summary>Guard policies that other gateways may ask for by name, beside the default one and those of the releases.</summary>
    public IReadOnlyDictionary<string, GuardPolicy> GuardPolicies { get; set; } = new Dictionary<string, GuardPolicy>(StringComparer.Ordinal);
}
