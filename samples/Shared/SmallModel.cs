using System.Text.Json;
using System.Text.RegularExpressions;

namespace Shared;

/// <summary>A small Llama with random weights whose tokens are the words of <see cref="Meeting"/>s.</summary>
internal static partial class SmallModel
{
    /// <summary>How many conversations it reads: about a minute on two cores.</summary>
    public const int Meetings = 6000;

    private const int Parts = 8000;
    private const string Pad = "<pad>", End = "</s>", Unknown = "<unk>";
    private const string Words = @"\n| ?#Person\d#| ?[A-Za-z]+| ?[^\sA-Za-z]";

    /// <summary>Makes it in Hugging Face's format, so that it can be saved, and loaded by others.</summary>
    public static Llm Create(int seed)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("small-model");
        try
        {
            string[] vocabulary = Vocabulary();
            Write("tokenizer.json", Tokenizer(vocabulary));
            Write("tokenizer_config.json", new { tokenizer_class = "PreTrainedTokenizerFast", pad_token = Pad, eos_token = End, unk_token = Unknown });
            Write("config.json", new
            {
                model_type = "llama",
                architectures = new[] { "LlamaForCausalLM" },
                vocab_size = vocabulary.Length,
                hidden_size = 128,
                intermediate_size = 256,
                num_hidden_layers = 3,
                num_attention_heads = 4,
                num_key_value_heads = 4,
                hidden_act = "silu",
                max_position_embeddings = 512,
                rms_norm_eps = 1e-5,
                rope_theta = 10000.0,
                tie_word_embeddings = true,
                initializer_range = 0.06,
                pad_token_id = Array.IndexOf(vocabulary, Pad),
                eos_token_id = Array.IndexOf(vocabulary, End),
            });
            return Llm.FromConfig(folder.FullName, seed);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        void Write(string name, object content) => File.WriteAllText(Path.Combine(folder.FullName, name), JsonSerializer.Serialize(content));
    }

    /// <summary>The model when it has read: from where it was kept, or made now.</summary>
    /// <param name="folder">Where it is kept; null for nowhere.</param>
    /// <param name="seed">Of weights, draws and order. Not looked at where one is kept.</param>
    /// <param name="stop">Ends its reading.</param>
    public static Llm Reader(string? folder, int seed, CancellationToken stop)
    {
        if (folder is not null && Directory.Exists(folder))
        {
            Console.WriteLine($"The small model is the one of {folder}.");
            return Llm.Load(folder, cancellationToken: stop);
        }

        Llm llm = Create(seed);
        try
        {
            Sample.Heading($"A small model reads {Meetings:N0} conversations, parts of others first, and questions with answers");
            TrainingResult result = TrainingDisplay.Show(progress => Read(llm, seed, progress, stop));
            Console.WriteLine($"{result.Tokens:N0} tokens in {result.Elapsed.TotalSeconds:0} s.");
            if (folder is not null)
                llm.Save(folder);
            return llm;
        }
        catch
        {
            llm.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Lets it read meetings, and questions about them with their answers: its pre-training. Where to look is found out in parts
    /// of a few lines first; in whole conversations that takes several times as long.
    /// </summary>
    public static TrainingResult Read(Llm llm, int seed, IProgress<TrainingProgress> progress, CancellationToken stop)
    {
        Random random = new(seed);
        Train(3e-3, 16, [.. Enumerable.Range(0, Parts).Select(_ => Meeting.Draw(random).PartToRead(random))]);
        return Train(2e-3, 8, [.. Enumerable.Range(0, Meetings).Select(_ => Meeting.Draw(random).WholeToRead(random))]);

        TrainingResult Train(double learningRate, int batchSize, Example[] examples) => llm.FineTune(examples, new()
        {
            LearningRate = learningRate,
            Schedule = Schedule.Cosine(StepSpan.Share(0.05)),
            Optimizer = new AdamWOptions { Beta2 = 0.98, WeightDecay = 0.01 },
            Batches = new() { Size = batchSize, GroupByLength = true },
            Seed = seed,
        }, progress, stop);
    }

    // Every word that can be in a meeting is in one of a few thousand.
    private static string[] Vocabulary()
    {
        Random random = new(0);
        IEnumerable<string> texts = Enumerable.Range(0, 3000).Select(_ => Meeting.Draw(random)).SelectMany(meeting =>
            meeting.Questions.Values.SelectMany(pair => new[] { pair.Question, pair.Answer }).Append(meeting.ToSummarise.Prompt).Append(meeting.Texts["summary"]));
        SortedSet<string> words = new(texts.SelectMany(text => Word().Matches(text)).Select(match => match.Value), StringComparer.Ordinal);
        return [Pad, End, Unknown, .. words];
    }

    private static object Tokenizer(string[] vocabulary) => new
    {
        version = "1.0",
        added_tokens = vocabulary.Take(3).Select((content, id) => new { id, content, single_word = false, lstrip = false, rstrip = false, normalized = false, special = true }),
        pre_tokenizer = new { type = "Split", pattern = new { Regex = Words }, behavior = "Isolated", invert = false },
        model = new { type = "WordLevel", vocab = vocabulary.Index().ToDictionary(entry => entry.Item, entry => entry.Index), unk_token = Unknown },
        decoder = new { type = "Fuse" },
    };

    [GeneratedRegex(Words)]
    private static partial Regex Word();
}
