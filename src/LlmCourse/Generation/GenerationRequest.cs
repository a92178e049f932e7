using LlmCourse.Runtime;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;

namespace LlmCourse.Generation;

/// <summary>What one call asks for, and what every strategy needs to know of its prompts.</summary>
internal sealed record GenerationRequest
{
    public required TransformerModel Model { get; init; }

    /// <summary>Adapters and virtual tokens, prompt by prompt.</summary>
    public required ForwardContext View { get; init; }

    public required ResolvedGeneration Settings { get; init; }

    public required IReadOnlyList<IReadOnlyList<int>> Prompts { get; init; }

    /// <summary>For each prompt how many positions of its decoder a soft prompt takes.</summary>
    public required int[] VirtualTokens { get; init; }

    /// <summary>What stands at the beginning of an encoder–decoder's decoder; null for a decoder, which begins with its prompt.</summary>
    public required int? DecoderStart { get; init; }

    public PretrainedTokenizer? Tokenizer { get; init; }

    /// <summary>For one prompt of a decoder: the caller's session, which has read the prompt's beginning; null to read all of it.</summary>
    public DecodingSession? Session { get; init; }

    public TokenGenerator.OnToken? OnToken { get; init; }

    public CancellationToken CancellationToken { get; init; }

    /// <summary>The same without a listener.</summary>
    public GenerationRequest Quiet => this with { OnToken = null };

    /// <summary>Whether the end of a completion depends on its text.</summary>
    public bool ReadsText => Settings.StopStrings.Count > 0 || Settings.StopWhen is not null;

    /// <summary>The decoder's tokens before the answer.</summary>
    public IReadOnlyList<int> Start(int prompt) => DecoderStart is { } start ? [start] : Prompts[prompt];

    /// <summary>A decoder of the answer's text; null without a tokenizer.</summary>
    public IncrementalDecoder? Decoder(int prompt) =>
        Tokenizer is null ? null : new IncrementalDecoder(Tokenizer, skipSpecialTokens: true, DecoderStart is null ? Prompts[prompt] : null);

    /// <summary>What rules need to know of a row of a prompt with these tokens.</summary>
    public RowProgress Progress(int prompt, IReadOnlyList<int> tokens) =>
        new(tokens, Start(prompt).Count, VirtualTokens[prompt]) { Index = prompt, Prompt = Prompts[prompt] };

    /// <summary>The rows of the result: all those of a prompt together.</summary>
    public GeneratedRow[] Rows() =>
        [.. Enumerable.Range(0, Prompts.Count * Settings.Returned).Select(index => new GeneratedRow(this, index, index / Settings.Returned))];

    /// <summary>The random number of a row at a step; the lane keeps different uses of one step apart.</summary>
    public double Uniform(long row, long step, int lane = 0) => Philox.Uniform(Settings.Seed, row, step + ((long)lane << 32));

    /// <summary>A token as text; its number without a tokenizer.</summary>
    public string Name(int id) => Tokenizer?.Decode([id]) ?? id.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
