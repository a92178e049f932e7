namespace Pronunciation;

/// <summary>The American model learns British, and what becomes of its American, with and without American words among the British.</summary>
internal static class Tuning
{
    private const int Steps = 1000, Batch = 64;
    private const double Rate = 5e-4;

    public static void Run(Settings settings, Lexicons words, Findings findings, CancellationToken stop)
    {
        Lesson lesson = new(settings.Steps ?? Steps, settings.Batch ?? Batch, settings.Rate ?? Rate, settings, stop);
        string measured = $"{words.British.HeldOut.Count:N0} held-out words, {words.Differing().Count:N0} of which the British say differently";
        findings.Heading("The published model");
        Accents before = Published(words, findings);
        Report all = new($"Tuned on British words: {measured}");
        before.AddTo(all, "published");
        List<(string, Accents)> systems = [("published", before)];

        foreach (Course course in Course.Of(settings.Replay))
        {
            string name = course.Name;
            findings.Heading($"Fine-tuning: {name}");
            using Llm llm = words.Speller.Load();
            (TrainingResult result, Effort effort) = lesson.Teach(llm, name, course.Words(words, settings.Seed), dropout: true);
            Accents after = Accents.Of(llm, words, course.Marked);
            findings.Note($"{name}: {result.Steps:N0} steps, {result.Data}; {effort}; ended by {result.Reason}.");
            findings.Add(new ForgettingReport($"{name}: {measured}", after.Since(before)));
            after.AddTo(all, name);
            systems.Add((name, after));
            SaveModel(llm, words, Path.Combine(settings.Output, course.FolderName), findings);
        }

        findings.Heading("All together");
        findings.Add(all);
        string picture = Path.Combine(settings.Output, "tune.png");
        Pictures.SaveBars(picture, "What learning British does to American", [.. systems.Select(system => (system.Item1, system.Item2.Bars))]);
        findings.Note($"Picture: {picture}");
        findings.Save(settings.Output, "tune");
    }

    private static Accents Published(Lexicons words, Findings findings)
    {
        using Llm llm = words.Speller.Load();
        if (words.Golden.Count > 0)
        {
            string[] said = Speller.Say(llm, words.Golden.Select(word => word.Word));
            int same = said.Zip(words.Golden).Count(pair => pair.First == pair.Second.Text);
            findings.Note($"Its answers are those of its publisher's list for {same} of {words.Golden.Count} words.");
        }

        return Accents.Of(llm, words, marked: false);
    }

    // With both tokenizers: whoever loads it needs neither this program nor the alphabets.
    private static void SaveModel(Llm llm, Lexicons words, string folder, Findings findings)
    {
        llm.Save(folder);
        using Llm again = Llm.Load(folder);
        string[] some = [.. words.British.HeldOut.Take(100).Select(example => example.Prompt)];
        int same = Speller.Say(llm, some).Zip(Speller.Say(again, some)).Count(pair => pair.First == pair.Second);
        findings.Note($"Saved as {folder}; loaded again it says the same for {same} of {some.Length} words.");
    }
}
