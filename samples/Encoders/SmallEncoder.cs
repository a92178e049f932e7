using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Encoders;

/// <summary>Small BERTs, made and trained here: each is saved as a Hugging Face folder, which the library's encoders then load like any other.</summary>
internal static class SmallEncoder
{
    private const int BatchSize = 32;
    private const double MaskedShare = 0.2;

    private static readonly string[] Special = ["[PAD]", "[UNK]", "[MASK]"], Labels = ["bad", "good"];

    /// <summary>A masked language model (Devlin et al. 2019, section 3.1): every fifth word is hidden and has to be found.</summary>
    public static void TrainMasked(string folder, int steps, int seed, CancellationToken stop) => Train(folder, "BertForMaskedLM", steps, seed, (llm, random) =>
    {
        int[][] rows = [.. Enumerable.Range(0, BatchSize).Select(_ => llm.Tokenizer.EncodeIds(Sentences.Any(random)))];
        int width = rows.Max(row => row.Length), mask = Array.IndexOf(Special, "[MASK]");
        long[] labels = new long[BatchSize * width];
        Array.Fill(labels, Batch.Ignore);
        for (int r = 0; r < rows.Length; r++)
        {
            int certain = random.Next(rows[r].Length); // one at least
            for (int t = 0; t < rows[r].Length; t++)
            {
                if (t != certain && random.NextDouble() >= MaskedShare)
                    continue;
                labels[(r * width) + t] = rows[r][t];
                rows[r][t] = mask;
            }
        }

        return new Batch(Sequences.FromRows(rows), labels: tensor(labels, [BatchSize, width]));
    }, stop);

    /// <summary>A classifier of opinions.</summary>
    public static void TrainClasses(string folder, int steps, int seed, CancellationToken stop) => Train(folder, "BertForSequenceClassification", steps, seed, (llm, random) =>
    {
        (string Text, bool Good)[] texts = [.. Enumerable.Range(0, BatchSize).Select(_ => Sentences.Judged(random))];
        return new Batch(
            Sequences.FromRows([.. texts.Select(text => llm.Tokenizer.EncodeIds(text.Text))]),
            labels: tensor(Array.ConvertAll(texts, text => text.Good ? 1L : 0L)));
    }, stop);

    private static void Train(string folder, string architecture, int steps, int seed, Func<Llm, Random, Batch> next, CancellationToken stop)
    {
        Directory.CreateDirectory(folder);
        Describe(folder, architecture);
        using Llm llm = Llm.FromConfig(folder, seed);
        using optim.Optimizer adam = optim.AdamW(llm.TrainableParameters(), lr: 2e-3, weight_decay: 0);
        Random random = new(seed);
        double loss = 0;
        for (int step = 0; step < steps; step++)
        {
            stop.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            using Batch batch = next(llm, random);
            adam.zero_grad();
            Tensor now = llm.Loss(batch);
            now.backward();
            adam.step();
            loss = now.ToDouble();
        }

        Console.WriteLine($"A small {architecture} of {llm.Model.ParameterCount:N0} weights: loss {loss:0.00} after {steps} steps.");
        llm.Save(folder);
    }

    private static void Describe(string folder, string architecture)
    {
        Random random = new(0);
        string[] vocabulary = [.. Special, .. Enumerable.Range(0, 3000).SelectMany(_ => $"{Sentences.Any(random)} {Sentences.Judged(random).Text}".Split(' ')).Distinct().Order(StringComparer.Ordinal)];
        Write("tokenizer.json", new
        {
            version = "1.0",
            added_tokens = Special.Select((content, id) => new { id, content, single_word = false, lstrip = false, rstrip = false, normalized = false, special = true }),
            pre_tokenizer = new { type = "WhitespaceSplit" },
            model = new { type = "WordLevel", vocab = vocabulary.Index().ToDictionary(entry => entry.Item, entry => entry.Index), unk_token = "[UNK]" },
        });
        Write("tokenizer_config.json", new { tokenizer_class = "PreTrainedTokenizerFast", pad_token = "[PAD]", unk_token = "[UNK]", mask_token = "[MASK]" });
        Write("config.json", new
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
            pad_token_id = 0,
            id2label = Labels.Index().ToDictionary(entry => $"{entry.Index}", entry => entry.Item),
            label2id = Labels.Index().ToDictionary(entry => entry.Item, entry => entry.Index),
        });

        void Write(string name, object content) => File.WriteAllText(Path.Combine(folder, name), JsonSerializer.Serialize(content));
    }
}
