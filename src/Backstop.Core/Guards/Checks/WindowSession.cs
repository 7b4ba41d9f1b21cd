namespace Backstop.Core.Guards.Checks;

/// <summary>Judges one stretch of text after the other, each as soon as it is complete.</summary>
internal abstract class WindowSession(int window) : ICheckSession
{
    private SentenceCutter _cutter = new(window);

    public int Scan(in ScanWindow window, FindingSink sink)
    {
        var from = window.From;
        while (from < window.Text.Length)
        {
            var end = _cutter.Next(window.Text, from, window.Final);
            if (end < 0)
            {
                return from;
            }

            Judge(window.Text[from..end], _cutter.Escaped, window.Origin + from, sink);
            from = end;
        }

        return from;
    }

    /// <param name="escaped">Whether the text is inside a JSON string, so that backslashes are escapes.</param>
    protected abstract void Judge(ReadOnlySpan<char> stretch, bool escaped, int start, FindingSink sink);
}
