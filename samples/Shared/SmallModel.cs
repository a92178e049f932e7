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

    private static readonly string[] Special = [Pad, End, Unknown];

    /// <summary>Makes it.</summary>
    public static Llm Create(int seed)
    {
        string[] vocabulary = Vocabulary();
        return WordModel.Create(
            WordModel.Llama(vocabulary, width: 128, Pad, End),
            new { tokenizer_class = "PreTrainedTokenizerFast", pad_token = Pad, eos_token = End, unk_token = Unknown },
            WordModel.Tokenizer(vocabulary, Special, Unknown, Words, lowers: false),
            seed);
    }

    /// <summary>The model when it has read: from where it was kept, or made now.</summary>
    /// <param name="folder">Where it is kept; null for nowhere.</param>
    /// <param name="seed">Of weights, draws and order. Not looked at where one is kept.</param>
    /// <param name="stop">Ends its reading.</param>
    public static Llm Reader(string? folder, int seed, CancellationToken stop) => WordModel.Kept(folder, () => Create(seed), llm =>
    {
        Sample.Heading($"A small model reads {Meetings:N0} conversations, parts of others first, and questions with answers");
        TrainingResult result = TrainingDisplay.Show(progress => Read(llm, seed, progress, stop));
        Console.WriteLine($"{result.Tokens:N0} tokens in {result.Elapsed.TotalSeconds:0} s.");
    }, stop);

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
        return [.. Special, .. words];
    }

    [GeneratedRegex(Words)]
    private static partial Regex Word();
}
