using System.Text;
using Backstop.Core.Prompts;

namespace Backstop.Prompts;

/// <summary>Collects text up to a bound over everything that was ever written to it.</summary>
internal sealed class BoundedWriter : TextWriter
{
    private readonly StringBuilder _text = new();
    private readonly int _most;
    private int _left;

    public BoundedWriter(int most) => (_most, _left) = (most, most);

    public override Encoding Encoding => Encoding.UTF8;

    /// <summary>What was written since the last time.</summary>
    public string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        return text;
    }

    public override void Write(char value)
    {
        Count(1);
        _text.Append(value);
    }

    public override void Write(ReadOnlySpan<char> buffer)
    {
        Count(buffer.Length);
        _text.Append(buffer);
    }

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    private void Count(int length)
    {
        _left -= length;
        if (_left < 0)
        {
            throw new PromptException($"it would have more than {_most} characters");
        }
    }
}
