namespace LlmCourse.Tokenization.Text;

/// <summary>All pieces of a vocabulary as a trie, to find those that a text begins with.</summary>
internal sealed class PieceTrie
{
    private readonly PairTable _edges;
    private readonly List<int> _ids = [-1];

    public PieceTrie(IReadOnlyDictionary<string, int> pieces)
    {
        _edges = new(pieces.Count * 3);
        foreach ((string piece, int id) in pieces)
        {
            int node = 0;
            foreach (char c in piece)
            {
                int next = _edges.Find(node, c);
                if (next < 0)
                {
                    next = _ids.Count;
                    _ids.Add(-1);
                    _edges.Set(node, c, next);
                }

                node = next;
            }

            _ids[node] = id;
        }
    }

    public static int Root => 0;

    /// <summary>The node a letter leads to, or -1.</summary>
    public int Step(int node, char letter) => _edges.Find(node, letter);

    /// <summary>The node a text leads to, or -1.</summary>
    public int Walk(ReadOnlySpan<char> text)
    {
        int node = Root;
        for (int i = 0; i < text.Length && node >= 0; i++)
            node = Step(node, text[i]);
        return node;
    }

    /// <summary>The piece that ends at a node, or -1.</summary>
    public int IdAt(int node) => _ids[node];
}
