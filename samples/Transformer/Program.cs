// The transformer of "Attention is all you need" (Vaswani et al., 2017), small: trained here and now to write words
// backwards, examined on words it has never seen, and looked into.
using System.Diagnostics;
using Spectre.Console;
using TorchSharp;
using Transformer;

const string Example = "attention";
const int ExamWords = 500;
const double PassMark = 0.95;

torch.set_num_threads(1); // matrices this small lose more by a second thread than they win, above all on a busy machine
return Sample.Run(args, Settings.Usage, given => new Settings(given), Run);

static void Run(Settings settings, CancellationToken stop)
{
    ReversalTask task = new(settings.Seed, ExamWords, Example);
    TransformerConfig config = TransformerConfig.Original(task.Tokenizer.VocabularySize, width: 64, heads: 4, layers: 2, feedForwardWidth: 256) with
    {
        PadTokenId = task.PadId,
        DecoderStartTokenId = task.StartId,
        EosTokenIds = [task.EndId],
    };
    using Llm llm = Llm.Create(config, task.Tokenizer, settings.Seed);

    Sample.Heading("An encoder-decoder from nothing");
    AnsiConsole.WriteLine($"2 + 2 layers, width 64 = 4 heads x 16, {llm.Model.ParameterCount:N0} weights, {config.VocabularySize} tokens.");
    AnsiConsole.WriteLine($"Its task: write a word backwards, {Example} -> {ReversalTask.Answer(Example)}.");
    AnsiConsole.WriteLine($"Before training it says: {llm.Generate(Example, new() { MaxNewTokens = 12 }, stop).Text}");

    Sample.Heading("Training");
    Train();

    Sample.Heading("Examination: words that training has never seen");
    double share = Examine();

    Sample.Heading($"Cross-attention: what the decoder looks at while it writes {ReversalTask.Answer(Example)}");
    ShowAttention();

    Sample.Heading($"The same prompt, {Example}, greedy and sampled");
    ShowDecoding();

    AnsiConsole.WriteLine();
    if (share <= PassMark)
        throw new InvalidOperationException($"Only {share:P1} exact, more than {PassMark:P0} is wanted: try more --steps or another --seed.");
    AnsiConsole.WriteLine($"{share:P1} exact: learnt.");

    void Train()
    {
        const int batchSize = 64;
        using TrainingLoop training = new(llm, settings.Steps);
        LossChart chart = new(settings.Steps);
        Stopwatch clock = Stopwatch.StartNew();
        int shown = Math.Max(settings.Steps / 10, 1);

        if (AnsiConsole.Profile.Capabilities.Ansi)
            AnsiConsole.Live(new Text("")).Start(live => Run((step, loss) => live.UpdateTarget(new Text($"{chart}\n{Status(step, loss)}")), every: Math.Max(settings.Steps / 100, 1)));
        else
            Run((step, loss) => Console.WriteLine(Status(step, loss)), every: shown);
        if (!AnsiConsole.Profile.Capabilities.Ansi)
            Console.WriteLine(chart);

        void Run(Action<int, double> show, int every)
        {
            double sum = 0;
            for (int step = 1; step <= settings.Steps; step++)
            {
                stop.ThrowIfCancellationRequested();
                using Batch batch = task.NextBatch(batchSize);
                double loss = training.Step(batch);
                chart.Add(loss);
                sum += loss;
                if (step % every == 0)
                {
                    show(step, sum / every);
                    sum = 0;
                }
            }
        }

        string Status(int step, double loss) =>
            $"step {step,5:N0} of {settings.Steps:N0}   loss {loss:0.0000}   learning rate {training.LearningRate:0.00000}   {clock.Elapsed.TotalSeconds,4:0} s";
    }

    double Examine()
    {
        IReadOnlyList<string> words = task.HeldOut;
        IReadOnlyList<Completion> answers = llm.Generate(words, new() { MaxNewTokens = 2 * ReversalTask.LongestWord }, stop);
        List<(string Word, string Given)> all = [.. words.Zip(answers, (word, answer) => (word, answer.Text))];
        List<(string Word, string Given)> wrong = [.. all.Where(pair => pair.Given != ReversalTask.Answer(pair.Word))];

        foreach (IGrouping<int, (string Word, string Given)> length in all.GroupBy(pair => pair.Word.Length).OrderBy(group => group.Key))
        {
            int right = length.Count() - wrong.Count(pair => pair.Word.Length == length.Key);
            AnsiConsole.WriteLine($"{length.Key,3} letters: {right,3} of {length.Count(),3} exactly right");
        }

        foreach ((string word, string given) in wrong.Take(3))
            AnsiConsole.WriteLine($"   wrong: {word} -> {given} instead of {ReversalTask.Answer(word)}");
        return 1 - ((double)wrong.Count / words.Count);
    }

    void ShowAttention()
    {
        CrossAttention attention = CrossAttention.Of(llm, task, Example);
        for (int layer = 0; layer < attention.Weights.Length; layer++)
        {
            AnsiConsole.WriteLine($"Layer {layer + 1}, mean of its heads: columns are the letters read, rows those written.");
            AnsiConsole.Write(AttentionTable.Of(attention, attention.Mean(layer)));
        }

        Directory.CreateDirectory(settings.Output);
        string path = Path.Combine(settings.Output, "cross-attention.png");
        AttentionPicture.Save(attention, path);
        AnsiConsole.WriteLine($"Every head by itself: {path}");
    }

    void ShowDecoding()
    {
        const int draws = 5;
        string answer = ReversalTask.Answer(Example);
        Table table = new Table().Border(TableBorder.Simple).AddColumn("Temperature").AddColumn("What it writes").AddColumn("Right");
        foreach (double temperature in (double[])[0, 0.5, 1, 2, 3])
        {
            int count = temperature == 0 ? 1 : draws;
            GenerationOptions options = new() { Temperature = temperature, Seed = settings.Seed, MaxNewTokens = 2 * ReversalTask.LongestWord };
            IReadOnlyList<Completion> completions = llm.Generate([.. Enumerable.Repeat(Example, count)], options, stop);
            Paragraph written = new();
            foreach (Completion completion in completions)
                written.Append(completion.Text + " ", completion.Text == answer ? Color.Green : Color.Red);
            table.AddRow(new Text(temperature == 0 ? "greedy" : $"{temperature:0.0}"), written, new Text($"{completions.Count(completion => completion.Text == answer)} of {count}"));
        }

        AnsiConsole.Write(table);
    }
}
