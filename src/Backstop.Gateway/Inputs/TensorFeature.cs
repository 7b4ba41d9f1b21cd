using System.Runtime.InteropServices;
using System.Text.Json;
using Backstop.Gateway.Requests;

namespace Backstop.Gateway.Inputs;

/// <summary>What one feature of a request to infer holds: how many values, and where the nulls stand.</summary>
internal sealed record TensorFeature(string Name)
{
    public long Values { get; private set; }

    /// <summary>Those of them that are finite numbers.</summary>
    public List<double> Numbers { get; } = [];

    /// <summary>Where the nulls stand in the body.</summary>
    public List<Range> Nulls { get; } = [];

    internal void Add(Element element)
    {
        Values++;
        if (element.IsNull)
        {
            Nulls.Add(element.Place);
        }
        else if (double.IsFinite(element.Number))
        {
            Numbers.Add(element.Number);
        }
    }

    /// <summary>One element of a tensor.</summary>
    /// <param name="Column">Its place in its innermost array.</param>
    /// <param name="Number">Its value; not a number where it is none.</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Element(int Column, bool IsNull, double Number, Range Place);
}

/// <summary>Collects the features of a request's tensors while they are read.</summary>
/// <remarks>
/// A tensor of one column is a feature by its own name; of one with several columns each is one, <c>name[3]</c>. A tensor with
/// many elements is a picture or a text in numbers and no row of features: its elements are not looked at.
/// </remarks>
internal sealed class FeatureReader
{
    private const int MostElements = 256;

    private readonly List<TensorFeature.Element> _elements = [];
    private bool _overflowed;
    private int _column;
    private int _rows;

    public List<TensorFeature> Features { get; } = [];

    public void BeginTensor() => (_overflowed, _column, _rows) = (false, 0, 0);

    /// <summary>The reader stands on a token inside the data.</summary>
    public void Token(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray:
                (_column, _rows) = (0, _rows + 1);
                break;
            case JsonTokenType.Null or JsonTokenType.Number or JsonTokenType.String or JsonTokenType.True or JsonTokenType.False when _elements.Count < MostElements:
                var number = reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var value) ? value : double.NaN;
                _elements.Add(new(_column++, reader.TokenType == JsonTokenType.Null, number, (int)reader.TokenStartIndex..(int)reader.BytesConsumed));
                break;
            case JsonTokenType.Null or JsonTokenType.Number or JsonTokenType.String or JsonTokenType.True or JsonTokenType.False:
                _overflowed = true;
                break;
        }
    }

    /// <summary>All of a tensor was read.</summary>
    /// <param name="width">Columns by its shape, for data in one array; 0 where it does not say.</param>
    public void EndTensor(string name, int width)
    {
        if (!_overflowed && name.Length > 0)
        {
            var columns = _rows > 0 ? _elements.Select(e => e.Column + 1).DefaultIfEmpty(1).Max() : Math.Max(width, 1);
            var features = Enumerable.Range(0, columns).Select(c => new TensorFeature(columns == 1 ? name : $"{name}[{c}]")).ToArray();
            foreach (var element in _elements)
            {
                features[element.Column % columns].Add(element);
            }

            Features.AddRange(features);
        }

        _elements.Clear();
    }
}
