using LlmCourse.Adapters;
using LlmCourse.Transformers;

namespace LlmCourse.Tests.Adapters;

/// <summary>What four rows of a batch may have in front: nothing, prompts of 3 and of 5 embeddings, a prefix of 2 keys and values.</summary>
internal sealed class FourKinds : IDisposable
{
    private readonly SoftPrompt?[] _rows;

    public FourKinds(TransformerModel model) => _rows =
    [
        null,
        PromptTuning.Create(new() { VirtualTokens = 3, Seed = 1 }, model),
        PTuning.Create(new() { VirtualTokens = 5, Seed = 2, Encoder = PromptEncoder.Lstm }, model),
        PrefixTuning.Create(new() { VirtualTokens = 2, Seed = 3, Projection = true }, model),
    ];

    public IEnumerable<SoftPrompt> Prompts => _rows.OfType<SoftPrompt>();

    /// <summary>Row i has kind rows[i].</summary>
    public ForwardContext View(params int[] rows) => new() { Virtual = new VirtualTokens(rows.Select(row => _rows[row])) };

    /// <summary>All rows, however many, have one kind.</summary>
    public ForwardContext Only(int kind) => _rows[kind] is { } prompt ? new ForwardContext { Virtual = new VirtualTokens(prompt) } : ForwardContext.Evaluation;

    public void Dispose()
    {
        foreach (SoftPrompt prompt in Prompts)
            prompt.Dispose();
    }
}
