using System.Collections.Frozen;
using Backstop.Core.Guards.Checks.Exfiltration;
using Backstop.Core.Guards.Text;

namespace Backstop.Core.Guards.Checks;

/// <summary>Finds addresses in an answer that could carry data away: images, which load by themselves, and links.</summary>
/// <remarks>
/// An address to an allowed host passes, and so does one whose host stands in a system, developer or user message. Of the others
/// every image and every script address is found, and links that carry a payload: a long or random-looking query or path, an
/// encoded text, a name that imitates another. Fixing takes the address out and leaves the words.
/// </remarks>
public sealed class ExfilUrlCheck : ICheck
{
    public const string Name = "exfil_url";
    private const int MaxHold = 256;
    private readonly FrozenSet<string> _allowed;
    private readonly bool _allLinks;

    private ExfilUrlCheck(IEnumerable<string> allowed, bool allLinks) =>
        (_allowed, _allLinks) = (allowed.Select(host => host.ToLowerInvariant()).ToFrozenSet(StringComparer.Ordinal), allLinks);

    public CheckDescriptor Descriptor { get; } = new(
        Name, 1, CheckScope.Span, MaxHold, CanFix: true, [GuardStage.ToolArguments, GuardStage.Output, GuardStage.Reasoning], ["LLM02", "LLM05"]);

    /// <summary>Settings: <c>allow</c>, hosts that may be linked to with all their subdomains; <c>links</c>: <c>payload</c> (default) or <c>all</c>.</summary>
    public static ExfilUrlCheck Create(PolicyNode with) => Create(with, skims: true);

    /// <param name="skims">Whether text in which no address can begin is passed over, which changes nothing but the time.</param>
    internal static ExfilUrlCheck Create(PolicyNode with, bool skims) =>
        new(with.Texts("allow") ?? [], with.Choice("links", "payload", "all") == "all") { Skims = skims };

    private bool Skims { get; init; }

    public ICheckSession Open(CheckContext context) => new Session(this, context.Request);

    private bool IsAllowed(string host)
    {
        for (var name = host; name.Length > 0;)
        {
            if (_allowed.Contains(name))
            {
                return true;
            }

            var dot = name.IndexOf('.', StringComparison.Ordinal);
            name = dot < 0 ? "" : name[(dot + 1)..];
        }

        return false;
    }

    private sealed class Session(ExfilUrlCheck check, RingContext request) : ICheckSession
    {
        private BracketStack _brackets;

        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var text = window.Text;
            var at = window.From;
            while (at < text.Length)
            {
                at = check.Skims ? WebAddress.Skip(text, at, window.Final) : at;
                if (at == text.Length)
                {
                    return at;
                }

                var next = Look(window, at, sink);
                if (next == at)
                {
                    return at;
                }

                at = next;
            }

            return at;
        }

        private int Look(in ScanWindow window, int at, FindingSink sink)
        {
            var text = window.Text;
            _brackets.Read(text, at);
            if (!WebAddress.CanBegin(text, at))
            {
                return at + 1;
            }

            var length = WebAddress.LengthAt(text, at, window.Final);
            if (length <= 0)
            {
                return length < 0 ? at : at + 1;
            }

            var place = PlaceOf(text, at);
            var address = new WebAddress(text.Slice(at, length));
            if (RuleOf(address, place) is { } rule)
            {
                sink.Report(rule, "exfil_url/" + rule, HarmClass.Pii, 1, place == AddressPlace.Image ? Severity.High : Severity.Medium, window.Origin + at, length);
                sink.Propose(window.Origin + at, length, "");
            }

            return at + length;
        }

        private string? RuleOf(in WebAddress address, AddressPlace place)
        {
            if (address.IsScript)
            {
                return place == AddressPlace.Text ? null : "script";
            }

            if (address.IsInline)
            {
                return null; // An image that is all there needs nobody.
            }

            var host = address.Host();
            if (check.IsAllowed(host) || WasNamed(host))
            {
                return null;
            }

            return place == AddressPlace.Image ? "image"
                : address.ImitatesHost ? "imitated_host"
                : address.HasPayload ? "payload"
                : check._allLinks ? "link"
                : null;
        }

        // What a document or a tool says is what an attacker would say.
        private bool WasNamed(string host) => host.Length > 3 && request.Messages.Any(message =>
            message.Trust <= Trust.User && message.Text.Contains(host, StringComparison.OrdinalIgnoreCase));

        private AddressPlace PlaceOf(ReadOnlySpan<char> text, int at)
        {
            var before = text[Math.Max(0, at - 16)..at].TrimEnd(" \"'(<");
            if (_brackets.ClosedAt(text, at) is { } image)
            {
                return image ? AddressPlace.Image : AddressPlace.Link;
            }

            if (before.EndsWith("src=", StringComparison.OrdinalIgnoreCase) || before.EndsWith("srcset=", StringComparison.OrdinalIgnoreCase)
                || before.EndsWith("url", StringComparison.OrdinalIgnoreCase) || before.EndsWith("]:", StringComparison.Ordinal))
            {
                return AddressPlace.Image; // A reference may be an image's.
            }

            return before.EndsWith("href=", StringComparison.OrdinalIgnoreCase) ? AddressPlace.Link : AddressPlace.Text;
        }
    }
}
