namespace Lab1.DialogueSummarisation;

/// <summary>
/// Asks the model. One that was trained to chat gets each prompt as the message of a user, through its own chat template;
/// any other gets the text as it stands.
/// </summary>
/// <param name="llm">The model.</param>
/// <param name="isRaw">Whether the template is left out in any case.</param>
/// <param name="context">The most tokens of prompt and answer together, where the caller knows better than the model.</param>
/// <param name="stop">Ends its work.</param>
internal sealed class Summariser(Llm llm, bool isRaw, int? context, CancellationToken stop)
{
    // T5 has no limit built in; it was trained on texts of 512 tokens.
    private const int UsualContext = 512;

    public bool Chats { get; } = !isRaw && llm.HasChatTemplate;

    /// <summary>
    /// How many tokens the model was made for: of prompt and answer together, or of the prompt where an encoder reads it.
    /// </summary>
    public int Context { get; } = context ?? llm.ContextLength ?? UsualContext;

    /// <summary>Whether an encoder reads the prompt, so that the answer takes no room from it.</summary>
    public bool HasEncoder { get; } = llm.Model.Config.Encoder is not null;

    public int CountTokens(string prompt) => Encode(prompt).Length;

    /// <summary>Answers to several prompts, made in one batch.</summary>
    public IReadOnlyList<Completion> Answer(IEnumerable<string> prompts, GenerationOptions options) =>
        Answer([.. prompts.Select(Encode)], options);

    /// <summary>The same for prompts that are tokens already.</summary>
    public IReadOnlyList<Completion> Answer(IReadOnlyList<int[]> prompts, GenerationOptions options) => llm.GenerateFromIds(prompts, options, stop);

    public Completion Answer(string prompt, GenerationOptions options) => Answer([prompt], options)[0];

    public TokenDistribution NextToken(string prompt, double temperature) => llm.NextTokenDistribution(Encode(prompt), new() { Temperature = temperature });

    /// <summary>Answers to test examples, scored.</summary>
    public EvaluationResult Evaluate(IReadOnlyList<Example> test, Metric metric, EvaluationOptions options, IProgress<EvaluationProgress> progress) =>
        llm.Evaluate(test, [metric], options, progress, stop);

    /// <summary>
    /// A dialogue to summarise behind worked examples. To a model that chats each example is a question of the user and an answer
    /// of its own, which is what it was trained on; to any other, text above text.
    /// </summary>
    public Example Ask(IReadOnlyList<Dialogue> shots, string dialogue)
    {
        if (Chats)
            return new([.. shots.SelectMany(shot => new ChatMessage[] { new("user", Question(shot.Text)), new("assistant", shot.Summary) }), new("user", Question(dialogue)), new("assistant", "")]);
        FewShot examples = new(SummarisationTemplates.FlanWithSummary, SummarisationTemplates.ShotSeparator);
        foreach (Dialogue shot in shots)
            examples.Add(shot.Text, shot.Summary);
        return new(examples.Ask(dialogue), "");

        static string Question(string dialogue) => SummarisationTemplates.Flan.Format(("dialogue", dialogue));
    }

    /// <summary>The tokens of what is asked.</summary>
    public int[] Encode(Example asked) => Chats ? Encode([.. asked.Messages.SkipLast(1)]) : llm.Tokenizer.EncodeIds(asked.Prompt);

    private int[] Encode(string prompt) => Chats ? Encode([new ChatMessage("user", prompt)]) : llm.Tokenizer.EncodeIds(prompt);

    private int[] Encode(IReadOnlyList<ChatMessage> turns) => llm.Tokenizer.EncodeIds(llm.RenderChat(turns), addSpecialTokens: false);
}
