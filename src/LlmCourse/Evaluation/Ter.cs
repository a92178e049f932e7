using System.Runtime.InteropServices;
using LlmCourse.Evaluation.Text;

namespace LlmCourse.Evaluation;

/// <summary>
/// Translation edit rate (Snover et al., "A study of translation edit rate with targeted human annotation", 2006), to the digit
/// of sacreBLEU: how many words must be inserted, deleted or replaced, and groups of words moved, until the text is the reference.
/// </summary>
/// <remarks>Moves are searched greedily, within the limits of the original program (Tercom). Pure functions, safe to call from several threads.</remarks>
public static class Ter
{
    /// <summary>Scores a corpus: edits and words are added up before they are divided.</summary>
    /// <param name="hypotheses">What the model wrote.</param>
    /// <param name="references">For each hypothesis its references, as many for each.</param>
    /// <param name="options">What to compare; null for sacreBLEU's defaults.</param>
    /// <returns>The score of all together.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length, or are empty, or hypotheses have unequal numbers of references.</exception>
    public static TerScore Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, TerOptions? options = null)
    {
        Inputs.RequireReferences(hypotheses, references, sameNumber: true);
        options ??= new TerOptions();
        WordIds words = new();
        List<int> said = [], expected = [];
        (long edits, double length) = (0, 0);
        for (int i = 0; i < hypotheses.Count; i++)
        {
            said.Clear();
            words.AddWords(Rewritten(hypotheses[i], options), said);
            (int fewest, long lengths) = (int.MaxValue, 0);
            foreach (string reference in references[i])
            {
                expected.Clear();
                // Twice, as in sacreBLEU: in "Murphy's, they" the comma goes first and then the "'s", in a hypothesis the comma alone.
                words.AddWords(Rewritten(Rewritten(reference, options), options), expected);
                lengths += expected.Count;
                fewest = Math.Min(fewest, ShiftSearch.Edits(CollectionsMarshal.AsSpan(said), CollectionsMarshal.AsSpan(expected)));
            }

            edits += fewest;
            length += (double)lengths / references[i].Count;
        }

        double score = length > 0 ? edits / length : edits > 0 ? 1 : 0;
        return new TerScore(100 * score, edits, length, FormattableString.Invariant(
            $"nrefs:{references[0].Count}|case:{(options.CaseSensitive ? "mixed" : "lc")}|tok:tercom|norm:{YesNo(options.Normalized)}|punct:{YesNo(!options.NoPunctuation)}|asian:{YesNo(options.AsianSupport)}|version:{Bleu.SacreBleuVersion}"));
    }

    /// <summary>Scores one text against its references.</summary>
    /// <param name="hypothesis">What the model wrote.</param>
    /// <param name="references">What different people wrote; at least one.</param>
    /// <param name="options">What to compare; null for sacreBLEU's defaults.</param>
    /// <returns>Its score.</returns>
    /// <exception cref="ArgumentException">There is no reference.</exception>
    public static TerScore Sentence(string hypothesis, IReadOnlyList<string> references, TerOptions? options = null) =>
        Corpus([hypothesis], [references], options);

    private static string YesNo(bool value) => value ? "yes" : "no";

    private static string Rewritten(string text, TerOptions options)
    {
        text = WhiteSpace.TrimEnd(text).ToString();
        return TercomTokenizer.Rewrite(
            options.CaseSensitive ? text : WhiteSpace.Lower(text), options.Normalized, options.NoPunctuation, options.AsianSupport);
    }
}
