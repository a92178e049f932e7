using LlmCourse.Data;
using LlmCourse.Evaluation;
using LlmCourse.Generation;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse;

/// <content>Evaluation.</content>
public sealed partial class Llm
{
    /// <summary>
    /// How likely a text is behind another one, as the lm-evaluation-harness measures it: white space behind the context goes to
    /// the continuation, a token that joins both belongs to the continuation, and of a context that is too long the end is read.
    /// The encoder of an encoder–decoder reads the context, and its decoder the continuation.
    /// </summary>
    /// <param name="context">What stands before; may be empty where the model has a token to begin a text with.</param>
    /// <param name="continuation">What is scored; at least one token.</param>
    /// <exception cref="SequenceTooLongException">The continuation alone is longer than the model can read.</exception>
    public ContinuationScore LogLikelihood(string context, string continuation) => LogLikelihoods([(context, continuation)])[0];

    /// <summary>The same of many texts, in batches; each score depends on its own pair only.</summary>
    /// <param name="pairs">Contexts and continuations.</param>
    /// <param name="batchSize">How many are run at once.</param>
    /// <param name="cancellationToken">Checked between batches.</param>
    public IReadOnlyList<ContinuationScore> LogLikelihoods(
        IReadOnlyList<(string Context, string Continuation)> pairs, int batchSize = 16, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ContinuationEncoder encoder = Continuations();
        ContinuationRow[][] rows = [.. pairs.Select(pair => (ContinuationRow[])[encoder.Encode(pair.Context, pair.Continuation)])];
        return [.. TokenScorer.Score(Model, UniformView(), rows, batchSize, cancellationToken: cancellationToken).Select(scores => scores[0])];
    }

    /// <summary>Which of several answers the model finds likeliest behind a context, whether it would write it or not. The context is read once.</summary>
    /// <param name="context">Everything before the answer.</param>
    /// <param name="options">The answers, without the blank that joins them to the context.</param>
    /// <param name="normalization">What an answer's log-likelihood is divided by.</param>
    /// <exception cref="ArgumentException">There are no answers, or one has no tokens.</exception>
    public ChoiceResult Choose(string context, IReadOnlyList<string> options, ChoiceNormalization normalization = ChoiceNormalization.None) =>
        Choose([new ChoiceQuestion(context, options, 0)], new ChoiceOptions { Normalization = normalization }, null, CancellationToken.None)[0];

    /// <summary>Answers multiple-choice questions by likelihood, and counts the right answers.</summary>
    /// <param name="questions">The questions; <see cref="ChoiceQuestion.Lettered"/> writes them as MMLU does.</param>
    /// <param name="options">Normalisation and batches; null for none and 16.</param>
    /// <param name="progress">Hears of every batch.</param>
    /// <param name="cancellationToken">Checked between batches.</param>
    /// <exception cref="DataException">There are no questions.</exception>
    public ChoiceEvaluation EvaluateChoices(
        IEnumerable<ChoiceQuestion> questions, ChoiceOptions? options = null, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(questions);
        options = (options ?? new ChoiceOptions()).Validate();
        ChoiceQuestion[] all = [.. questions];
        if (all.Length == 0)
            throw new DataException("the questions", "there are none.");
        return new ChoiceEvaluation(all, Choose(all, options, progress, cancellationToken), options.Bootstrap);
    }

    /// <summary>
    /// How surprised the model is by a text of any length, read in overlapping windows; every token counts once. Texts together:
    /// <see cref="PerplexityScore.Of"/>.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="options">Windows; null for those of the model's length, half overlapping.</param>
    /// <param name="cancellationToken">Checked between batches of windows.</param>
    /// <exception cref="InvalidOperationException">The model is not decoder-only.</exception>
    /// <exception cref="ArgumentException">The text has no token that could be counted.</exception>
    public PerplexityScore Perplexity(string text, PerplexityOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new PerplexityOptions();
        (int[] tokens, int from) = options.CountFirstToken ? Continuations().EncodeWhole(text) : (Tokenizer.EncodeIds(text, addSpecialTokens: false), 0);
        return PerplexityOf(tokens, from, options, cancellationToken);
    }

    /// <summary>The same of a text given as token ids, whose first is never counted: put the token that begins a text in front if it shall be.</summary>
    /// <param name="ids">At least two tokens.</param>
    /// <param name="options">Windows; null for those of the model's length, half overlapping.</param>
    /// <param name="cancellationToken">Checked between batches of windows.</param>
    public PerplexityScore PerplexityFromIds(IReadOnlyList<int> ids, PerplexityOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return PerplexityOf([.. ids], 0, options ?? new PerplexityOptions(), cancellationToken);
    }

    /// <summary>How many of a batch's labels are the likeliest token at their place, given all right tokens before it.</summary>
    /// <param name="batch">A batch with labels.</param>
    public TokenAccuracy TokenAccuracy(Batch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        using var noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        ForwardContext view = UniformView();
        (Tensor states, long[] labels) = SupervisedLoss.Labelled(Model, batch, view);
        return new TokenAccuracy(TokenScorer.Predict(Model, view, states, labels).Greedy.LongCount(right => right), labels.Length);
    }

    /// <summary>The same over examples, in batches.</summary>
    /// <param name="examples">Prompts and completions, or conversations.</param>
    /// <param name="options">Batches, and what has labels; null for eight completions.</param>
    /// <exception cref="DataException">There is nothing to measure on.</exception>
    public TokenAccuracy TokenAccuracy(IEnumerable<Example> examples, BatchOptions? options = null)
    {
        (long correct, long tokens) = (0, 0);
        foreach (Batch batch in Batches(examples, (options ?? new BatchOptions()) with { Shuffle = false }))
        {
            using (batch)
            {
                TokenAccuracy part = TokenAccuracy(batch);
                (correct, tokens) = (correct + part.Correct, tokens + part.Tokens);
            }
        }

        return new TokenAccuracy(correct, tokens);
    }

    /// <summary>Answers test examples greedily and reports what metrics say: <c>Console.WriteLine(llm.Evaluate(test, Metrics.Rouge, Metrics.Bleu))</c></summary>
    /// <param name="test">Prompts with their completions or references, or conversations, whose last turn is the reference.</param>
    /// <param name="metrics">What the answers are scored by.</param>
    /// <exception cref="DataException">There are no examples.</exception>
    public Report Evaluate(IEnumerable<Example> test, params Metric[] metrics) => Evaluate(test, metrics, null).Report();

    /// <summary>Answers test examples and scores the answers: for figures, for each example, and to compare models.</summary>
    /// <param name="test">Prompts with their completions or references, or conversations, whose last turn is the reference.</param>
    /// <param name="metrics">What the answers are scored by; none is allowed, for the answers alone.</param>
    /// <param name="options">Generation, batches, intervals; null for the defaults.</param>
    /// <param name="progress">Hears of every batch.</param>
    /// <param name="cancellationToken">Checked between tokens.</param>
    /// <returns>Answers and scores in the order of the examples.</returns>
    /// <exception cref="DataException">There are no examples, or a conversation cannot be asked.</exception>
    /// <exception cref="PromptTooLongException">A prompt leaves no room for an answer.</exception>
    public EvaluationResult Evaluate(
        IEnumerable<Example> test, IReadOnlyList<Metric> metrics, EvaluationOptions? options, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        options = (options ?? new EvaluationOptions()).Validate();
        _ = UniformView(); // batches put examples in an order of their own
        Example[] examples = Evaluator.Take(test, options.MaxExamples);
        int[][] prompts = [.. Evaluator.Asked(examples, options).Select(Prompt)];
        // Nothing in it waits: the model answers on this thread.
        IReadOnlyList<string> answers = Evaluator.InBatches(
            prompts, prompt => prompt.Length, options, (batch, how) => Task.FromResult(GenerateFromIds(batch, how, cancellationToken)),
            done => progress?.Report(new EvaluationProgress(done, examples.Length)), cancellationToken).GetAwaiter().GetResult();
        return new EvaluationResult(examples, answers, metrics, options);
    }

    /// <summary>Measures every task of a suite: before training and after it, for <see cref="SuiteScores.ChangesTo"/>.</summary>
    /// <param name="suite">The tasks.</param>
    /// <param name="progress">Hears which task is how far.</param>
    /// <param name="cancellationToken">Checked between batches.</param>
    public SuiteScores Measure(ForgettingSuite suite, IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(suite);
        List<(string Task, MetricScores Scores)> scores = [];
        foreach (EvaluationTask task in suite.Tasks)
        {
            IReadOnlyList<MetricScores> figures = Measure(task, progress is null ? null : new Named(progress, task.Name), cancellationToken);
            scores.AddRange(figures.Select(figure => (figures.Count == 1 ? task.Name : $"{task.Name}: {figure.Name}", figure)));
        }

        return new SuiteScores(scores);
    }

    private IReadOnlyList<MetricScores> Measure(EvaluationTask task, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        if (task.Metric is { } metric)
            return Evaluate(task.Examples, [metric], task.Generation, progress, cancellationToken).Scores;
        if (task.Questions.Count > 0)
            return [EvaluateChoices(task.Questions, task.Choices, progress, cancellationToken).Scores];
        List<PerplexityScore> texts = [];
        foreach (string text in task.Texts)
        {
            texts.Add(Perplexity(text, task.Windows, cancellationToken));
            progress?.Report(new EvaluationProgress(texts.Count, task.Texts.Count));
        }

        return [MetricScores.OfCorpus("perplexity", texts.ConvertAll(text => text.Value), chosen => PerplexityScore.Of(chosen.Select(i => texts[i])).Value, lowerIsBetter: true)];
    }

    private ChoiceResult[] Choose(ChoiceQuestion[] questions, ChoiceOptions options, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        ContinuationEncoder encoder = Continuations();
        string blank = options.Separator ?? (encoder.DecoderStartId is null ? " " : "");
        ContinuationRow[][] rows = [.. questions.Select(question => question.Validate()).Select(question => question.Options.Select(option =>
            encoder.Encode(question.Context, question.Context.Length > 0 && char.IsWhiteSpace(question.Context[^1]) ? option : blank + option)).ToArray())];
        ContinuationScore[][] scores = TokenScorer.Score(
            Model, UniformView(), rows, options.BatchSize, done => progress?.Report(new EvaluationProgress(done, questions.Length)), cancellationToken);
        return [.. questions.Select((question, i) =>
        {
            ScoredChoice[] choices = [.. question.Options.Select((option, k) => new ScoredChoice(option, scores[i][k].LogLikelihood, scores[i][k].Tokens))];
            return new ChoiceResult(MultipleChoice.Best(choices, options.Normalization), choices);
        })];
    }

    private PerplexityScore PerplexityOf(int[] tokens, int from, PerplexityOptions options, CancellationToken cancellationToken)
    {
        if (Model.Config.Encoder is not null)
            throw new InvalidOperationException("The perplexity of a text needs a decoder-only model: use LogLikelihood with a context.");
        (int window, int stride) = options.Resolve(Model.Config.Last.Positions.Limit);
        if (tokens.Length < 2)
            throw new ArgumentException($"The text has {tokens.Length} tokens with what stands before it: the first is never counted, so two are needed.", nameof(tokens));
        ContinuationRow[][] rows = [.. PerplexityOptions.Windows(tokens, from, window, stride).Select(row => (ContinuationRow[])[row])];
        ContinuationScore[] scores = [.. TokenScorer.Score(Model, UniformView(), rows, options.BatchSize, cancellationToken: cancellationToken).Select(row => row[0])];
        return new PerplexityScore(-scores.Sum(score => score.LogLikelihood), scores.Sum(score => (long)score.Tokens));
    }

    private ContinuationEncoder Continuations()
    {
        StackConfig decoder = Model.Config.Decoder
            ?? throw new InvalidOperationException("The model has no decoder: it gives no text a likelihood.");
        bool both = Model.Config.Encoder is not null;
        int? eos = _files.Defaults.EosTokenIds is [int first, ..] ? first : Tokenizer.EosId;
        return new ContinuationEncoder
        {
            Tokenizer = Tokenizer,
            AnswerTokenizer = _files.AnswerTokenizer,
            DecoderStartId = both ? DecoderStart(eos) : null,
            FirstId = _files.Defaults.BosTokenId ?? Model.Config.BosTokenId ?? Tokenizer.BosId ?? eos,
            InputLimit = Model.Config.Encoder?.Positions.Limit,
            Limit = decoder.Positions.Limit,
        };
    }

    private int DecoderStart(int? eos) => _files.Defaults.DecoderStartTokenId ?? Model.Config.DecoderStartTokenId
        ?? _files.Defaults.PadTokenId ?? Model.Config.PadTokenId ?? eos ?? 0;

    private int[] Prompt(Example example)
    {
        int[] prompt = example.Messages.Count == 0 ? Encode(example.Prompt)
            : HasChatTemplate ? Tokenizer.EncodeIds(RenderChat(Evaluator.Question(example)), addSpecialTokens: false)
            : throw new DataException(ExampleEncoder.Where(example), "it is a conversation, and the model has no chat template. Use a template that makes a prompt and a completion of it.");
        // Said before anything is answered, not after the hour until its turn.
        return ContextLength is not { } limit || prompt.Length < limit || (Model.Config.Encoder is not null && prompt.Length == limit) ? prompt
            : throw new PromptTooLongException($"{ExampleEncoder.Where(example)}: the prompt has {prompt.Length} tokens, and the model reads {limit}. Shorten the prompts, or leave this one out.");
    }

    /// <summary>Says of which task the progress is.</summary>
    private sealed class Named(IProgress<EvaluationProgress> progress, string task) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => progress.Report(value with { Task = task });
    }
}
