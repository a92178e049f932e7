using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Pronunciation;

/// <summary>The American model learns British in an adapter beside its weights, and one model speaks both accents in one batch; against full fine-tuning.</summary>
internal static class Adapting
{
    /// <summary>The adapter's name.</summary>
    public const string British = "British";

    private const int Steps = 1000, Batch = 64, Compared = 64;
    private const double Rate = 5e-4, AdapterRate = 3e-3;

    public static void Run(Settings settings, Lexicons words, Findings findings, CancellationToken stop)
    {
        string measured = $"{words.British.HeldOut.Count:N0} held-out words, {words.Differing().Count:N0} of which the British say differently";
        findings.Heading("The published model");
        using Llm llm = words.Speller.Load();
        Accents before = Accents.Of(llm, words, marked: false);
        Report all = new($"British learnt beside the model, or in it: {measured}");
        before.AddTo(all, "published");

        findings.Heading("A LoRA adapter");
        Adapter adapter = llm.Adapters.AddLora(British, new()
        {
            Rank = settings.Rank,
            Alpha = 2 * settings.Rank,
            Targets = settings.Targets,
            Seed = settings.Seed,
        });
        findings.Note($"Rank {settings.Rank} on {adapter.Modules.Count} modules: {adapter.ParameterCount:N0} numbers beside the model's {llm.Model.ParameterCount:N0}, {(double)adapter.ParameterCount / llm.Model.ParameterCount:P1}.");
        IEnumerable<Example> lessons = new Course(0, false).Words(words, settings.Seed);
        Lesson beside = new(settings.Steps ?? Steps, settings.Batch ?? Batch, settings.AdapterRate ?? AdapterRate, settings, stop);
        (TrainingResult result, Effort effort) = beside.Teach(llm.With(British), "adapter", lessons, dropout: true);
        findings.Note($"adapter: {result.Steps:N0} steps, {result.Data}; {effort}; ended by {result.Reason}.");
        Store(llm, settings, words, findings);

        findings.Heading("Both accents in one batch");
        FirstForward(llm, words, findings);
        Accents together = InOneBatch(llm, words, findings);
        Add("adapter", together);

        findings.Heading("Full fine-tuning, British only");
        using Llm tuned = words.Speller.Load();
        Lesson inside = new(settings.Steps ?? Steps, settings.Batch ?? Batch, settings.Rate ?? Rate, settings, stop);
        (result, effort) = inside.Teach(tuned, "full", lessons, dropout: true);
        findings.Note($"full: {result.Steps:N0} steps, {result.Data}; {effort}; ended by {result.Reason}.");
        Accents full = Accents.Of(tuned, words, marked: false);
        Add("full", full);

        findings.Heading("All together");
        findings.Add(all);
        findings.Add(new ForgettingReport($"From full fine-tuning to the adapter: {measured}", together.Since(full)));
        string picture = Path.Combine(settings.Output, "adapter.png");
        Pictures.SaveBars(picture, "British in an adapter, and in the weights", [("published", before.Bars), ("adapter", together.Bars), ("full", full.Bars)]);
        findings.Note($"Picture: {picture}");
        findings.Save(settings.Output, "adapter");

        void Add(string system, Accents after)
        {
            findings.Add(new ForgettingReport($"{system}: {measured}", after.Since(before)));
            after.AddTo(all, system);
        }
    }

    // Each word twice: for the model as it was published, and for the adapter.
    private static Accents InOneBatch(Llm llm, Lexicons words, Findings findings)
    {
        string[] asked = [.. words.American.HeldOut.Select(example => example.Prompt)];
        Stopwatch clock = Stopwatch.StartNew();
        (string[] american, string[] british) = Speller.SayBoth(llm, British, asked);
        TimeSpan took = clock.Elapsed;
        clock.Restart();
        string[] plain = Speller.Say(llm, asked), alone = Speller.Say(llm.With(British), asked);
        findings.Note($"{asked.Length:N0} words in both accents, in mixed batches: {took.TotalSeconds:0.0} s; one accent after the other: {clock.Elapsed.TotalSeconds:0.0} s. "
            + $"The answers are the same for {Same(american, plain):N0} American and {Same(british, alone):N0} British words of {asked.Length:N0}.");
        return Accents.Of(Scores.Of(american, words.American.HeldOut), Scores.Of(british, words.British.HeldOut), words);

        static int Same(string[] one, string[] other) => one.Zip(other).Count(pair => pair.First == pair.Second);
    }

    // The rows without an adapter have the bits that they have in the same batch of the model alone.
    private static void FirstForward(Llm llm, Lexicons words, Findings findings)
    {
        string?[] rows = [.. Enumerable.Repeat<string?>(null, Compared), .. Enumerable.Repeat(British, Compared)];
        using DisposeScope scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Batch batch = llm.Batches([.. words.American.HeldOut.Take(Compared), .. words.British.HeldOut.Take(Compared)], rows.Length).First();
        Tensor alone = llm.Logits(batch), mixed = llm.WithRows(rows).Logits(batch);
        findings.Note($"The first forward of {rows.Length} rows: those {Compared} without an adapter {(Same(0) ? "have the bits" : "do not have the bits")} of the model alone, "
            + $"those with it {(Same(Compared) ? "too" : "have others")}.");

        bool Same(int from) => alone.narrow(0, from, Compared).eq(mixed.narrow(0, from, Compared)).all().ToBoolean();
    }

    private static void Store(Llm llm, Settings settings, Lexicons words, Findings findings)
    {
        string folder = Path.Combine(settings.Output, "british-adapter");
        llm.Adapters.Save(British, folder);
        const string Again = "again";
        llm.Adapters.Load(Again, folder);
        string[] some = [.. words.British.HeldOut.Take(100).Select(example => example.Prompt)];
        int same = Speller.Say(llm.With(British), some).Zip(Speller.Say(llm.With(Again), some)).Count(pair => pair.First == pair.Second);
        llm.Adapters.Remove(Again);
        long bytes = Size(folder, "*"), weights = Size(words.Speller.Folder, "*.safetensors");
        findings.Note($"Stored as {folder}, {bytes / 1e6:0.00} MB beside the model's {weights / 1e6:0.00} MB; loaded again it says the same for {same} of {some.Length} words.");

        static long Size(string folder, string files) => new DirectoryInfo(folder).EnumerateFiles(files).Sum(file => file.Length);
    }
}
