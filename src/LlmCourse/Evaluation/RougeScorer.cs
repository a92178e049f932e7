using LlmCourse.Evaluation.Text;

namespace LlmCourse.Evaluation;

/// <summary>Scores one pair after another, with everything that can be kept between them. Not thread-safe.</summary>
internal sealed class RougeScorer
{
    private readonly int _maxOrder;
    private readonly RougeTokenizer _tokenizer;
    private readonly NGramMatcher _grams;
    private readonly CommonSubsequence _subsequence = new();
    private readonly RougeText _prediction = new(), _reference = new();
    private int[] _predictionLeft = [], _referenceLeft = [];
    private bool[] _marks = [];

    public RougeScorer(RougeOptions options)
    {
        options.Validate();
        _maxOrder = options.MaxOrder;
        _tokenizer = new RougeTokenizer(options.UseStemmer, options.Unicode, options.SplitSentences);
        _grams = new NGramMatcher(options.MaxOrder);
    }

    public RougeScores Score(string prediction, string reference)
    {
        _tokenizer.Read(prediction, _prediction);
        _tokenizer.Read(reference, _reference);
        ReadOnlySpan<int> said = _prediction.Tokens, expected = _reference.Tokens;

        Span<int> matches = stackalloc int[_maxOrder];
        matches.Clear();
        _grams.Clear();
        _grams.AddReference(expected);
        _grams.Match(said, matches);
        var byOrder = new PrecisionRecall[_maxOrder];
        for (int n = 1; n <= _maxOrder; n++)
            byOrder[n - 1] = PrecisionRecall.Of(matches[n - 1], NGramMatcher.Total(said.Length, n), NGramMatcher.Total(expected.Length, n));

        PrecisionRecall longest = PrecisionRecall.Of(_subsequence.Length(expected, said, _tokenizer.Vocabulary), said.Length, expected.Length);
        // With one line on either side, the union of subsequences is the subsequence.
        PrecisionRecall summary = _prediction.Lines == 1 && _reference.Lines == 1
            ? longest
            : PrecisionRecall.Of(UnionHits(), said.Length, expected.Length);
        return new RougeScores(byOrder, longest, summary);
    }

    /// <summary>
    /// Lin's section 3.2: the tokens of each reference line which are in a longest common subsequence with any line of the
    /// prediction, none counted more often than it stands in either text.
    /// </summary>
    private int UnionHits()
    {
        Count(_prediction.Tokens, ref _predictionLeft);
        Count(_reference.Tokens, ref _referenceLeft);
        int hits = 0;
        for (int r = 0; r < _reference.Lines; r++)
        {
            ReadOnlySpan<int> line = _reference.Line(r);
            if (_marks.Length < line.Length)
                _marks = new bool[line.Length];
            Span<bool> marks = _marks.AsSpan(0, line.Length);
            marks.Clear();
            for (int p = 0; p < _prediction.Lines; p++)
                _subsequence.Mark(line, _prediction.Line(p), _tokenizer.Vocabulary, marks);
            for (int i = 0; i < line.Length; i++)
            {
                if (!marks[i] || _predictionLeft[line[i]] == 0 || _referenceLeft[line[i]] == 0)
                    continue;
                _predictionLeft[line[i]]--;
                _referenceLeft[line[i]]--;
                hits++;
            }
        }

        return hits;
    }

    private void Count(ReadOnlySpan<int> tokens, ref int[] counts)
    {
        if (counts.Length < _tokenizer.Vocabulary)
            counts = new int[_tokenizer.Vocabulary * 2];
        foreach (int token in _prediction.Tokens)
            counts[token] = 0;
        foreach (int token in _reference.Tokens)
            counts[token] = 0;
        foreach (int token in tokens)
            counts[token]++;
    }
}
