namespace Encoders;

/// <summary>The three questions, put to a model about some texts.</summary>
internal static class Questions
{
    /// <summary>What stands behind the mask?</summary>
    public static void Fill(MaskFiller filler, params string[] texts)
    {
        foreach (string text in texts)
        {
            foreach (FilledMask mask in filler.Fill(text.Replace(SmallEncoder.Mask, filler.MaskToken, StringComparison.Ordinal), top: 5))
                Console.WriteLine($"{text}   {string.Join("   ", mask.Candidates.Select(candidate => $"{candidate.Token.Trim()} {candidate.Probability:P0}"))}");
        }
    }

    /// <summary>What kind of text is it?</summary>
    public static void Classify(TextClassifier classifier, params string[] texts)
    {
        foreach ((string text, IReadOnlyList<LabelScore> labels) in texts.Zip(classifier.Classify(texts)))
            Console.WriteLine($"{text}   {string.Join("   ", labels.Take(5).Select(label => $"{label.Label} {label.Score:0.00}"))}");
    }

    /// <summary>Which of some known sentences are nearest?</summary>
    public static void Nearest(SentenceEncoder encoder, string[] known, params string[] texts)
    {
        IReadOnlyList<float[]> embeddings = encoder.Encode(known);
        foreach (string text in texts)
        {
            Console.WriteLine(text);
            foreach ((int index, double similarity) in encoder.Nearest(encoder.Encode(text), embeddings, top: 2))
                Console.WriteLine($"   {similarity:0.00} {known[index]}");
        }
    }
}
