namespace Shared;

/// <summary>What a model answers to the prompts of examples.</summary>
internal static class Answers
{
    /// <summary>Greedy answers in batches of similar length, the longest first: if memory is short, that is known at once.</summary>
    /// <param name="name">What the display calls it.</param>
    /// <param name="llm">The model.</param>
    /// <param name="examples">Prompts and completions, or conversations whose last turn is the answer.</param>
    /// <param name="maxNewTokens">The longest answer.</param>
    /// <param name="batchSize">Prompts answered together.</param>
    /// <param name="stop">Ends it.</param>
    public static IReadOnlyList<string> Of(
        string name, Llm llm, IReadOnlyList<Example> examples, int maxNewTokens, int batchSize, CancellationToken stop)
    {
        // Nothing here can leave dropout on: a model has no training mode, only a training run has dropout.
        GenerationOptions greedy = new() { Temperature = 0, MaxNewTokens = maxNewTokens };
        int[][] prompts = [.. examples.Select(example => Prompt(llm, example))];
        string[] answers = new string[prompts.Length];
        int[][] batches = [.. Enumerable.Range(0, prompts.Length).OrderByDescending(i => prompts[i].Length).Chunk(batchSize)];
        WorkDisplay.Show(name, prompts.Length, advance =>
        {
            foreach (int[] batch in batches)
            {
                IReadOnlyList<Completion> written = llm.GenerateFromIds([.. batch.Select(i => prompts[i])], greedy, stop);
                for (int i = 0; i < batch.Length; i++)
                    answers[batch[i]] = written[i].Text.Trim();
                advance(batch.Length);
            }
        });
        return answers;
    }

    /// <summary>The prompt's tokens, as in training: a conversation goes through the model's chat template, up to its last answer.</summary>
    public static int[] Prompt(Llm llm, Example example) => example.Messages.Count > 0
        ? llm.Tokenizer.EncodeIds(llm.RenderChat([.. example.Messages.SkipLast(1)]), addSpecialTokens: false)
        : llm.Tokenizer.EncodeIds(example.Prompt);

    /// <summary>How many tokens the example has in training, its answer included.</summary>
    public static int Length(Llm llm, Example example) => example.Messages.Count > 0
        ? llm.Tokenizer.EncodeIds(llm.RenderChat(example.Messages, addGenerationPrompt: false), addSpecialTokens: false).Length
        : llm.Tokenizer.EncodeIds(example.Prompt + example.Completion).Length + 1; // the token that ends the answer
}
