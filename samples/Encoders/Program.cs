// What encoders are asked for: what stands behind a mask, what kind of text it is, which texts are alike.
using Encoders;

DirectoryInfo folder = Directory.CreateTempSubdirectory("encoders");
try
{
    return Sample.Run(args, Settings.Usage, given => new Settings(given), (settings, stop) => Run(settings, folder, stop));
}
finally
{
    folder.Delete(recursive: true);
}

static void Run(Settings settings, DirectoryInfo folder, CancellationToken stop)
{
    string masked = Path.Combine(folder.FullName, "masked"), classes = Path.Combine(folder.FullName, "classes");
    if (settings.Fill is null || settings.Sentences is null)
        SmallEncoder.TrainMasked(masked, settings.Steps, settings.Seed, stop);
    if (settings.Classify is null)
        SmallEncoder.TrainClasses(classes, settings.Steps, settings.Seed, stop);

    Sample.Heading(settings.Fill is null ? "What stands behind the mask? (seconds of training teach which words fit, not which are true)" : "What stands behind the mask?");
    using (MaskFiller filler = MaskFiller.Load(settings.Fill ?? masked, cancellationToken: stop))
    {
        foreach (string text in settings.Text is { } own ? [own] : (string[])["paris is in [MASK] .", "anna lives in [MASK] , in italy .", "the film was [MASK] , i enjoyed it ."])
        {
            string asked = text.Replace("[MASK]", filler.MaskToken, StringComparison.Ordinal);
            foreach (FilledMask mask in asked.Contains(filler.MaskToken, StringComparison.Ordinal) ? filler.Fill(asked, top: 3) : [])
                Console.WriteLine($"{asked}   {string.Join("   ", mask.Candidates.Select(candidate => $"{candidate.Token} {candidate.Probability:P0}"))}");
        }
    }

    Sample.Heading("What kind of text is it?");
    using (TextClassifier classifier = TextClassifier.Load(settings.Classify ?? classes, cancellationToken: stop))
    {
        foreach (string text in settings.Text is { } own ? [own] : (string[])["the book was wonderful , i loved it .", "tom found the concert dull .", "the concert was not good ."])
            Console.WriteLine($"{text}   {string.Join("   ", classifier.Classify(text).Select(label => $"{label.Label} {label.Score:P0}"))}");
    }

    Sample.Heading("Which sentences are nearest?");
    using SentenceEncoder encoder = SentenceEncoder.Load(settings.Sentences ?? masked, cancellationToken: stop);
    string[] known = ["anna lives in rome , in italy .", "berlin is in germany .", "the film was dull , i hated it .", "the book was wonderful , i loved it ."];
    IReadOnlyList<float[]> embeddings = encoder.Encode(known, cancellationToken: stop);
    foreach (string query in settings.Text is { } own ? [own] : (string[])["peter lives in milan , in italy .", "the concert was great , i enjoyed it ."])
    {
        Console.WriteLine(query);
        foreach ((int index, double similarity) in encoder.Nearest(encoder.Encode(query), embeddings, top: 2))
            Console.WriteLine($"   {similarity:0.00} {known[index]}");
    }
}
