using TorchSharp;
using static TorchSharp.torch;

namespace Encoders;

/// <summary>Small BERTs, made and trained here: each is saved as a Hugging Face folder, which the library's encoders then load like any other.</summary>
internal static class SmallEncoder
{
    public const string Mask = "[MASK]";

    private const int BatchSize = 32, ClassSteps = 200;
    private const string Pad = "[PAD]", Unknown = "[UNK]";

    private static readonly string[] Special = [Pad, Unknown, Mask], Labels = ["bad", "good"];

    /// <summary>
    /// A masked language model (Devlin et al. 2019, section 3.1): some words of a sentence are to be found again, of which eight
    /// in ten are hidden, one is another word, and one is left as it is. Of sentences this short every fifth word is taken.
    /// </summary>
    public static void TrainMasked(string folder, int steps, int seed, CancellationToken stop)
    {
        using Llm llm = Create("BertForMaskedLM", seed);
        double loss = Train("Learning which word stands where", llm, steps, 2e-3, seed, random =>
        {
            int[][] rows = [.. Enumerable.Range(0, BatchSize).Select(_ => llm.Tokenizer.EncodeIds(Sentence(random)))];
            int width = rows.Max(row => row.Length), mask = llm.Tokenizer.MaskId!.Value;
            long[] labels = new long[BatchSize * width];
            Array.Fill(labels, Batch.Ignore);
            for (int r = 0; r < rows.Length; r++)
            {
                int certain = random.Next(rows[r].Length); // one at least
                for (int t = 0; t < rows[r].Length; t++)
                {
                    if (t != certain && random.Next(5) > 0)
                        continue;
                    labels[(r * width) + t] = rows[r][t];
                    rows[r][t] = random.Next(10) switch { 0 => random.Next(Special.Length, llm.Model.Config.VocabularySize), 1 => rows[r][t], _ => mask };
                }
            }

            return new Batch(Sequences.FromRows(rows), labels: tensor(labels, [BatchSize, width]));
        }, stop);
        Console.WriteLine($"A masked language model of {llm.Model.ParameterCount:N0} weights: {steps:N0} steps of {BatchSize} sentences, loss {loss:0.00}.");
        llm.Save(folder);
    }

    /// <summary>A classifier of opinions.</summary>
    /// <param name="folder">Where it is saved.</param>
    /// <param name="masked">The masked language model that it begins as, or null for random weights.</param>
    /// <param name="seed">Of the new weights and the order.</param>
    /// <param name="stop">Ends it.</param>
    public static void TrainClasses(string folder, string? masked, int seed, CancellationToken stop)
    {
        using Llm llm = Create("BertForSequenceClassification", seed);
        if (masked is not null)
            Take(llm, masked, stop);
        (int[] Ids, long Label)[] taught = [.. Opinions.Taught.Select(opinion => (llm.Tokenizer.EncodeIds(opinion.Text), opinion.Good ? 1L : 0L))];
        Train(masked is null ? "Learning opinions, from random weights" : "Learning opinions, from the masked language model", llm, ClassSteps, 5e-4, seed, random =>
        {
            (int[] Ids, long Label)[] rows = random.GetItems(taught, BatchSize);
            return new Batch(Sequences.FromRows(Array.ConvertAll(rows, row => row.Ids)), labels: tensor(Array.ConvertAll(rows, row => row.Label)));
        }, stop);
        llm.Save(folder);
    }

    /// <summary>What the classifier calls an opinion.</summary>
    public static string Label(bool good) => Labels[good ? 1 : 0];

    private static string Sentence(Random random) => random.Next(2) == 0 ? Geography.Sentence(random) : Opinions.Sentence(random);

    // The weights of another model, all that both have.
    private static void Take(Llm llm, string folder, CancellationToken stop)
    {
        using Llm other = Llm.Load(folder, cancellationToken: stop);
        Dictionary<string, Tensor> theirs = other.Model.NamedParameters.ToDictionary(entry => entry.Name, entry => (Tensor)entry.Parameter);
        using var noGradient = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in llm.Model.NamedParameters)
        {
            if (!name.StartsWith("head.", StringComparison.Ordinal) && theirs.TryGetValue(name, out Tensor? weight))
                parameter.copy_(weight);
        }
    }

    // The last steps' loss.
    private static double Train(string name, Llm llm, int steps, double learningRate, int seed, Func<Random, Batch> next, CancellationToken stop) => WorkDisplay.Show(name, progress =>
    {
        using optim.Optimizer adam = optim.AdamW(llm.TrainableParameters(), lr: learningRate, weight_decay: 0);
        Schedule schedule = Schedule.Linear(warmUp: StepSpan.Share(0.1));
        Random random = new(seed);
        double last = 0;
        for (int step = 0; step < steps; step++)
        {
            stop.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            using Batch batch = next(random);
            foreach (var group in adam.ParamGroups)
                group.LearningRate = learningRate * schedule.Factor(step, steps);
            adam.zero_grad();
            Tensor loss = llm.Loss(batch);
            loss.backward();
            adam.step();
            last = step == 0 ? loss.ToDouble() : (0.99 * last) + (0.01 * loss.ToDouble());
            progress.Report(new EvaluationProgress(step + 1, steps));
        }

        return last;
    });

    private static Llm Create(string architecture, int seed)
    {
        Random random = new(0);
        string[] words = [.. Enumerable.Range(0, 5000).SelectMany(_ => Sentence(random).Split(' ')).Distinct().Order(StringComparer.Ordinal)];
        string[] vocabulary = [.. Special, .. words];
        return WordModel.Create(
            new
            {
                model_type = "bert",
                architectures = new[] { architecture },
                vocab_size = vocabulary.Length,
                hidden_size = 64,
                num_hidden_layers = 2,
                num_attention_heads = 4,
                intermediate_size = 128,
                max_position_embeddings = 64,
                type_vocab_size = 1,
                hidden_act = "gelu",
                hidden_dropout_prob = 0.0,
                attention_probs_dropout_prob = 0.0,
                initializer_range = 0.125, // 1/√64: BERT's 0.02 is for a width of 768, and here every word would look at all others alike
                pad_token_id = 0,
                id2label = Labels.Index().ToDictionary(entry => $"{entry.Index}", entry => entry.Item),
                label2id = Labels.Index().ToDictionary(entry => entry.Item, entry => entry.Index),
            },
            new { tokenizer_class = "PreTrainedTokenizerFast", pad_token = Pad, unk_token = Unknown, mask_token = Mask },
            WordModel.Tokenizer(vocabulary, Special, Unknown),
            seed);
    }
}
