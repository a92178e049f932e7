using System.Runtime.InteropServices;

namespace LlmCourse.Evaluation.Text;

/// <summary>A text as token ids, in lines. Reused from one text to the next.</summary>
internal sealed class RougeText
{
    private readonly List<int> _tokens = [];
    private readonly List<int> _ends = [];

    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>How many lines have a token.</summary>
    public int Lines => _ends.Count;

    public ReadOnlySpan<int> Line(int i) => Tokens[(i == 0 ? 0 : _ends[i - 1]).._ends[i]];

    public void Clear()
    {
        _tokens.Clear();
        _ends.Clear();
    }

    public void Add(int token) => _tokens.Add(token);

    public void EndLine()
    {
        if (_tokens.Count > (_ends.Count == 0 ? 0 : _ends[^1]))
            _ends.Add(_tokens.Count);
    }
}
