using System.Globalization;
using System.Text;
using LlmCourse.Evaluation.Text;

namespace LlmCourse.Evaluation;

/// <summary>
/// Exact match and F1 of short answers, as the question-answering benchmark SQuAD scores them (Rajpurkar et al. 2016): case, ASCII
/// punctuation, the articles a, an and the, and the amount of white space do not matter. Of several right answers the nearest counts.
/// </summary>
/// <remarks>Pure functions, safe to call from several threads. Average them over the questions.</remarks>
public static class Squad
{
    /// <summary>Whether an answer is one of the right ones.</summary>
    /// <param name="prediction">What the model answered.</param>
    /// <param name="answers">Every right answer; at least one.</param>
    /// <returns>1 or 0.</returns>
    /// <exception cref="ArgumentException">There is no right answer.</exception>
    public static double ExactMatch(string prediction, IReadOnlyList<string> answers) =>
        Best(prediction, answers, (said, right) => said == right ? 1 : 0);

    /// <summary>How many words an answer shares with the nearest right one: the harmonic mean of precision and recall.</summary>
    /// <param name="prediction">What the model answered.</param>
    /// <param name="answers">Every right answer; at least one.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentException">There is no right answer.</exception>
    public static double F1(string prediction, IReadOnlyList<string> answers) => Best(prediction, answers, F1);

    /// <summary>A text without what does not matter: in lower case, without ASCII punctuation, articles and superfluous blanks.</summary>
    /// <param name="text">An answer.</param>
    /// <returns>What is compared.</returns>
    public static string Normalize(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        StringBuilder bare = new(text.Length);
        foreach (char c in WhiteSpace.Lower(text))
        {
            if (!char.IsAscii(c) || !(char.IsPunctuation(c) || char.IsSymbol(c)))
                bare.Append(c);
        }

        return string.Join(' ', WhiteSpace.Split(WithoutArticles(bare.ToString())));
    }

    /// <summary>A blank for each article: a run of word characters, not only what stands between blanks, so that "the—end" loses its first.</summary>
    private static string WithoutArticles(string text)
    {
        StringBuilder result = new(text.Length);
        for (int start = 0; start < text.Length;)
        {
            int end = start, width = 0;
            while (end < text.Length && IsWord(text.AsSpan(end), out width))
                end += width;
            ReadOnlySpan<char> word = text.AsSpan(start, end - start);
            result.Append(word is "a" or "an" or "the" ? " " : word);
            if (end < text.Length)
                result.Append(text, end, width);
            start = end + width;
        }

        return result.ToString();
    }

    private static bool IsWord(ReadOnlySpan<char> text, out int width)
    {
        Rune.DecodeFromUtf16(text, out Rune rune, out width);
        return Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;
    }

    private static double F1(string prediction, string answer)
    {
        string[] said = WhiteSpace.Split(prediction), right = WhiteSpace.Split(answer);
        if (said.Length == 0 || right.Length == 0)
            return said.Length == right.Length ? 1 : 0;
        WordIds ids = new();
        NGramMatcher words = new(1);
        words.AddReference([.. right.Select(word => ids.Of(word))]);
        int[] matches = new int[1];
        words.Match([.. said.Select(word => ids.Of(word))], matches);
        return PrecisionRecall.Of(matches[0], said.Length, right.Length).F1;
    }

    private static double Best(string prediction, IReadOnlyList<string> answers, Func<string, string, double> score)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(answers);
        Inputs.RequireNoNull(answers, nameof(answers));
        if (answers.Count == 0)
            throw new ArgumentException("There is no right answer to compare with.", nameof(answers));
        string said = Normalize(prediction);
        return answers.Max(answer => score(said, Normalize(answer)));
    }
}
