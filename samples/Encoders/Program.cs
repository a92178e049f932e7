// What encoders are asked for: what stands behind a mask, what kind of text it is, which texts are alike.
using Encoders;

return Sample.Run(args, Settings.Usage, given => new Settings(given), Run);

static void Run(Settings settings, CancellationToken stop)
{
    if ((settings.Fill ?? settings.Classify ?? settings.Sentences) is not null)
    {
        Ask(settings, stop);
        return;
    }

    DirectoryInfo folder = Directory.CreateTempSubdirectory("encoders");
    try
    {
        Lesson.Hold(folder.FullName, settings, stop);
    }
    finally
    {
        folder.Delete(recursive: true);
    }
}

static void Ask(Settings settings, CancellationToken stop)
{
    if (settings.Fill is { } masked)
    {
        using MaskFiller filler = LoadingDisplay.Show(progress => MaskFiller.Load(masked, progress: progress, cancellationToken: stop));
        Sample.Heading("What stands behind the mask?");
        Questions.Fill(filler, Texts("Paris is the capital of [MASK].", "The film was [MASK], I enjoyed it."));
    }

    if (settings.Classify is { } classes)
    {
        using TextClassifier classifier = LoadingDisplay.Show(progress => TextClassifier.Load(classes, progress: progress, cancellationToken: stop));
        Sample.Heading("What kind of text is it?");
        Questions.Classify(classifier, Texts("The book was wonderful, I loved it.", "Tom found the concert dull.", "The concert was not good."));
    }

    if (settings.Sentences is { } sentences)
    {
        using SentenceEncoder encoder = LoadingDisplay.Show(progress => SentenceEncoder.Load(sentences, progress: progress, cancellationToken: stop));
        Sample.Heading("Which sentences are nearest?");
        Questions.Nearest(
            encoder, ["The cat sleeps in the garden.", "Berlin is a city in Germany.", "The film was dull, I hated it.", "He plays the guitar."],
            Texts("A kitten lies on the lawn.", "The concert was boring.", "Where is Munich?"));
    }

    string[] Texts(params string[] usual) => settings.Text is { } text ? [text] : usual;
}
