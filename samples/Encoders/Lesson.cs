namespace Encoders;

/// <summary>Small encoders learn, and what they know is counted: of what they have read, and of what only follows from it.</summary>
internal static class Lesson
{
    public static void Hold(string folder, Settings settings, CancellationToken stop)
    {
        string masked = Path.Combine(folder, "masked"), classes = Path.Combine(folder, "classes"), bare = Path.Combine(folder, "bare");
        SmallEncoder.TrainMasked(masked, settings.Steps, settings.Seed, stop);
        using (MaskFiller filler = MaskFiller.Load(masked, cancellationToken: stop))
            Masks(filler, settings.Text);

        Sample.Heading("What kind of text is it?");
        SmallEncoder.TrainClasses(classes, masked, settings.Seed, stop);
        SmallEncoder.TrainClasses(bare, null, settings.Seed, stop);
        using (TextClassifier classifier = TextClassifier.Load(classes, cancellationToken: stop), other = TextClassifier.Load(bare, cancellationToken: stop))
            Classes(classifier, other, settings.Text);

        Sample.Heading("Which sentences are nearest?");
        using SentenceEncoder encoder = SentenceEncoder.Load(masked, cancellationToken: stop), from = SentenceEncoder.Load(bare, cancellationToken: stop);
        Neighbours(encoder, from, settings.Text);
    }

    private static void Masks(MaskFiller filler, string? text)
    {
        Sample.Heading("What stands behind the mask?");
        Console.WriteLine($"""
            In which country a town lies, it has read of every town:           {Right(Geography.Places)}
            What people speak there, it has read of half of the towns:         {Right(mask => Geography.Languages(mask, said: true))}
            Of the others it has not, but what people speak in their country:  {Right(mask => Geography.Languages(mask, said: false))}; one in {Geography.LanguageCount} would be guessed

            """);
        if (text is null)
            Questions.Fill(filler, "paris is in [MASK].", "anna lives in [MASK], in italy.", "in lyon people speak [MASK].", "the film was [MASK], anna enjoyed it.", "the film was not [MASK], anna enjoyed it.");
        else if (text.Contains(filler.MaskToken, StringComparison.Ordinal))
            Questions.Fill(filler, text);
        else
            Console.WriteLine($"There is no {filler.MaskToken} in: {text}");

        string Right(Func<string, IEnumerable<(string Asked, string Answer)>> facts)
        {
            (string Asked, string Answer)[] all = [.. facts(filler.MaskToken)];
            int right = filler.Fill([.. all.Select(fact => fact.Asked)], top: 1).Zip(all).Count(pair => pair.First[0].Candidates[0].Token == pair.Second.Answer);
            return $"{right} of {all.Length} right";
        }
    }

    private static void Classes(TextClassifier classifier, TextClassifier bare, string? text)
    {
        Console.WriteLine($"""

            Taught: {Opinions.Taught.Count()} short sentences with {Opinions.TaughtWords} words of praise and blame. Asked: {Opinions.Untaught.Count()} with {Opinions.UntaughtWords} other words, half of them behind "not".
            Begun as the masked language model, which has read all these words, but not what they mean:  {Right(classifier):P0} right
            Begun with random weights:                                                                   {Right(bare):P0} right

            """);
        Questions.Classify(classifier, text is null ? ["the book was superb.", "tom found the concert dismal.", "the concert was not splendid.", "the play was not silly."] : [text]);

        static double Right(TextClassifier classifier)
        {
            (string Text, bool Good)[] all = [.. Opinions.Untaught];
            return classifier.Classify([.. all.Select(opinion => opinion.Text)]).Zip(all).Average(pair => pair.First[0].Label == SmallEncoder.Label(pair.Second.Good) ? 1.0 : 0);
        }
    }

    private static void Neighbours(SentenceEncoder encoder, SentenceEncoder bare, string? text)
    {
        Console.WriteLine($"""
            Of the same {Opinions.Untaught.Count()} sentences, these have a sentence of like opinion as the nearest of the {Opinions.Taught.Count()}, in which none of their words of praise and blame is:
            by the states of the masked language model, which nobody has taught opinions:  {Alike(encoder):P0}
            by those of the classifier that began with random weights:                     {Alike(bare):P0}

            """);
        Questions.Nearest(
            encoder, ["anna lives in rome, in italy.", "berlin is in germany.", "the film was dull.", "the film was not good.", "the book was wonderful.", "the book was not bad."],
            text is null ? ["peter lives in milan, in italy.", "the concert was not dismal.", "the play was tedious."] : [text]);

        static double Alike(SentenceEncoder encoder)
        {
            (string Text, bool Good)[] known = [.. Opinions.Taught], asked = [.. Opinions.Untaught];
            IReadOnlyList<float[]> embeddings = encoder.Encode([.. known.Select(opinion => opinion.Text)]);
            return encoder.Encode([.. asked.Select(opinion => opinion.Text)]).Zip(asked)
                .Average(pair => known[encoder.Nearest(pair.First, embeddings, top: 1)[0].Index].Good == pair.Second.Good ? 1.0 : 0);
        }
    }
}
