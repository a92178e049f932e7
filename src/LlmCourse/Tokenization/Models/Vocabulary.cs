namespace LlmCourse.Tokenization.Models;

/// <summary>A model's tokens and their ids. Ids need not be dense.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<int, string> _tokens = [];
    private readonly string?[] _dense;

    /// <param name="ids">Each token's id.</param>
    /// <param name="tokens">The tokens by id, where one text stands for several.</param>
    public Vocabulary(Dictionary<string, int> ids, IReadOnlyList<string>? tokens = null)
    {
        _ids = ids;
        _lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        int limit = tokens?.Count ?? (int)Math.Min(int.MaxValue, 2L * ids.Count + 1024);
        _dense = new string?[limit];
        for (int id = 0; tokens is not null && id < tokens.Count; id++)
            _dense[id] = tokens[id];
        foreach ((string token, int id) in ids)
        {
            if (id < limit)
                _dense[id] = token;
            else
                _tokens[id] = token;
        }

        Count = tokens?.Count ?? ids.Count;
        MaxId = ids.Count == 0 ? -1 : Math.Max(ids.Values.Max(), (tokens?.Count ?? 0) - 1);
    }

    public int Count { get; }

    public int MaxId { get; }

    public IReadOnlyDictionary<string, int> Ids => _ids;

    /// <summary>The token's id, or -1.</summary>
    public int IdOf(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out int id) ? id : -1;

    public string? TokenOf(int id) =>
        (uint)id < (uint)_dense.Length ? _dense[id] : _tokens.GetValueOrDefault(id);
}
