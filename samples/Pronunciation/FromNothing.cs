namespace Pronunciation;

/// <summary>The published network with random weights, trained on the American words.</summary>
internal static class FromNothing
{
    private const int Steps = 6000, Batch = 128, Milestones = 10;
    private const double Rate = 3e-3;

    public static void Run(Settings settings, Lexicons words, Findings findings, CancellationToken stop)
    {
        Lesson lesson = new(settings.Steps ?? Steps, settings.Batch ?? Batch, settings.Rate ?? Rate, settings, stop);
        Report report = new($"American: {words.American.HeldOut.Count:N0} held-out words, and the {words.Golden.Count:N0} of the publisher's list");
        Example[] golden = [.. words.Golden.Select(word => new Example(word.Word, word.Lexicon))];

        findings.Heading("From nothing");
        double published;
        using (Llm llm = words.Speller.Load())
        {
            published = Scores.Of(llm, words.American.Watch).ExactMatch.Value;
            Examine(llm, "published");
        }

        using Llm own = words.Speller.FromScratch(settings.Seed);
        List<Milestone> milestones = [];
        Mixture mixture = new(new Dictionary<string, IReadOnlyList<Example>> { ["American"] = words.American.Train }, new() { Seed = settings.Seed });
        (TrainingResult result, Effort effort) = lesson.Teach(own, "from nothing", mixture.From(), settings.Dropout, (done, spent) =>
        {
            if (done.Step % Math.Max(1, lesson.Steps / Milestones) == 0)
                milestones.Add(new(done.Step, spent, done.SmoothedLoss, Scores.Of(own, words.American.Watch).ExactMatch.Value));
        });
        findings.Note($"{own.Model.ParameterCount:N0} weights, {result.Steps:N0} steps, {result.Data}; {effort}; ended by {result.Reason}.");
        foreach (Milestone stone in milestones)
            findings.Note($"step {stone.Step:N0}: {stone.Effort}, loss {stone.Loss:0.0000}, {stone.Exact:P1} of {words.American.Watch.Count} watched words exactly right (published {published:P1})");
        Examine(own, "from nothing");
        findings.Add(report);

        string picture = Path.Combine(settings.Output, "scratch.png");
        Pictures.SaveCurves(picture, result.History, milestones, published);
        own.Save(Path.Combine(settings.Output, "from-nothing"));
        findings.Note($"Picture: {picture}");
        findings.Save(settings.Output, "scratch");

        void Examine(Llm llm, string system)
        {
            Scores.Of(llm, words.American.HeldOut).AddTo(report, "held-out words", system);
            if (golden.Length > 0)
                Scores.Of(llm, golden).AddTo(report, "publisher's list", system);
        }
    }
}
