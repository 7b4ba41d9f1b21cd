namespace Backstop.Core.Guards;

/// <summary>Puts back into an answer what tokens stand for. Runs where a request has tokens; no policy names it.</summary>
internal sealed class TokenReturn : ICheck
{
    public static readonly CompiledCheck Compiled =
        new(new CheckUse("tokens", "tokens", null, null, Disposition.Fix), new TokenReturn(), CheckDuty.Enforce);

    public CheckDescriptor Descriptor { get; } =
        new("tokens", 1, CheckScope.Span, 64, CanFix: true, [GuardStage.ToolArguments, GuardStage.Output], []) { Transforms = true };

    public ICheckSession Open(CheckContext context) => new Session(context.Request.Tokens);

    private sealed class Session(TokenVault vault) : ICheckSession
    {
        public int Scan(in ScanWindow window, FindingSink sink)
        {
            var text = window.Text;
            for (var at = window.From; ;)
            {
                var open = text[at..].IndexOf('[');
                if (open < 0)
                {
                    return text.Length;
                }

                at += open;
                var close = text[at..Math.Min(text.Length, at + vault.Longest)].IndexOf(']');
                if (close < 0 && text.Length - at < vault.Longest && !window.Final)
                {
                    return at;
                }

                if (close > 0 && vault.ValueOf(text.Slice(at, close + 1)) is { } value)
                {
                    sink.Propose(window.Origin + at, close + 1, value);
                }

                at++;
            }
        }
    }
}
