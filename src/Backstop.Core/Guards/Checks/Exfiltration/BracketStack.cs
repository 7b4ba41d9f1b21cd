namespace Backstop.Core.Guards.Checks.Exfiltration;

/// <summary>Where an address stands.</summary>
internal enum AddressPlace
{
    Text,
    Link,

    /// <summary>Loaded without a click.</summary>
    Image,
}

/// <summary>Remembers which brackets of a Markdown text are open, so that a long caption does not hide what it is a caption of.</summary>
internal struct BracketStack
{
    private const int Deepest = 32;
    private uint _images;
    private int _open;
    private bool _closedImage;

    /// <summary>Takes in the character at <paramref name="at"/>; each once, in order.</summary>
    public void Read(ReadOnlySpan<char> text, int at)
    {
        switch (text[at])
        {
            case '[' when _open < Deepest:
                _images = (_images << 1) | (at > 0 && text[at - 1] == '!' ? 1u : 0);
                _open++;
                break;
            case ']' when _open > 0:
                _closedImage = (_images & 1) == 1;
                _images >>= 1;
                _open--;
                break;
            case '\n' when at > 0 && text[at - 1] == '\n':
                (_images, _open) = (0, 0); // A caption ends with its paragraph.
                break;
        }
    }

    /// <summary>Whether <c>](</c> stands right before, and if so whether it ends the caption of an image.</summary>
    public bool? ClosedAt(ReadOnlySpan<char> text, int at)
    {
        var before = text[Math.Max(0, at - 8)..at].TrimEnd(" <\n");
        return before.EndsWith("](", StringComparison.Ordinal) ? _closedImage : null;
    }
}
