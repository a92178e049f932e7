using LlmCourse.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>Embeddings and stacks: everything of a transformer but its head.</summary>
public sealed class Trunk : IDisposable
{
    private readonly TransformerConfig _config;
    private readonly Embedding _tokens;
    private readonly Stack? _encoder;
    private readonly Stack? _decoder;
    private bool _disposed;

    internal Trunk(ParameterStore store, TransformerConfig config)
    {
        _config = config;
        _tokens = new Embedding(store, "embeddings.tokens", config.VocabularySize, config.TableWidth);
        if (config.Encoder is not null)
            _encoder = new Stack(store, "encoder", config.Encoder, config.Width, config.EmbeddingWidth, config.NarrowTokens);
        if (config.Decoder is not null)
            _decoder = new Stack(store, "decoder", config.Decoder, config.Width, config.EmbeddingWidth, config.NarrowTokens);
    }

    internal Weights TokenTable => _tokens.Weight;

    /// <summary>What the stack that reads the text makes of token vectors, [n, D] → [n, D]: fresh.</summary>
    internal Tensor Scaled(Tensor vectors) => (_encoder ?? _decoder!).Scaled(vectors);

    internal IEnumerable<AdapterSite> Sites => [_tokens.Site, .. _encoder?.Sites ?? [], .. _decoder?.Sites ?? []];

    /// <summary>Runs the encoder of an encoder–decoder over a batch's input, once for all that decoders will ask of it.</summary>
    /// <exception cref="InvalidOperationException">The model is not an encoder–decoder.</exception>
    /// <exception cref="ArgumentException">An id is outside the vocabulary.</exception>
    public EncoderState Encode(Sequences input, ForwardContext? context = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (_encoder is null || _decoder is null)
            throw new InvalidOperationException("Encode is for encoder–decoders; this model has one stack: call Run.");
        Unpacked(input);
        context ??= ForwardContext.Evaluation;
        (Stack.Output output, Columns columns) = RunStack(_encoder, input, context with { Cache = null, Virtual = context.Virtual?.Embedded }, null);
        EncoderMemory memory = EncoderMemory.Of(output.States, columns);
        return new EncoderState(new Hidden(output, columns), memory);
    }

    /// <summary>Runs the decoder (over an encoder's state where the model has one), or the only stack.</summary>
    /// <exception cref="ArgumentException">The encoder's state is missing or not wanted, or an id is outside the vocabulary.</exception>
    public Hidden Run(Sequences input, ForwardContext? context = null, EncoderState? memory = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        return Run(input, context ?? ForwardContext.Evaluation, memory?.Memory);
    }

    internal Hidden Run(Sequences input, ForwardContext context, EncoderMemory? memory)
    {
        if ((memory is not null) != (_encoder is not null && _decoder is not null))
            throw new ArgumentException("An encoder's state is needed exactly where the model is an encoder–decoder.", nameof(memory));
        if (memory is not null)
        {
            Unpacked(input);
            context = context with { Virtual = context.Virtual?.Keyed }; // the encoder has read the embeddings
        }

        (Stack.Output output, Columns columns) = RunStack(_decoder ?? _encoder!, input, context, memory);
        return new Hidden(output, columns);
    }

    /// <summary>Encode where there is an encoder–decoder, and run: the hidden states a head reads.</summary>
    internal Hidden Run(Batch batch, ForwardContext context)
    {
        if (_encoder is null || _decoder is null)
            return Run(batch.Input, context, (EncoderMemory?)null);
        if (batch.Decoder is null)
            throw new ArgumentException("An encoder–decoder needs the decoder's input in the batch.", nameof(batch));
        using EncoderState memory = Encode(batch.Input, context);
        return Run(batch.Decoder, context, memory.Memory);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _encoder?.Dispose();
        _decoder?.Dispose();
    }

    private static void Unpacked(Sequences input)
    {
        if (input.Segments is not null)
            throw new ArgumentException("Cross-attention cannot tell packed sequences apart: give an encoder–decoder one sequence a row.", nameof(input));
    }

    private (Stack.Output Output, Columns Columns) RunStack(Stack stack, Sequences input, ForwardContext context, EncoderMemory? memory)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (input.MinimumId < 0 || input.MaximumId >= _config.VocabularySize)
        {
            long wrong = input.MinimumId < 0 ? input.MinimumId : input.MaximumId;
            throw new ArgumentException($"Token id {wrong} is outside the vocabulary of {_config.VocabularySize}.", nameof(input));
        }

        if (context.Cache is not null && (!input.StartsAtZero || input.Segments is not null))
            throw new ArgumentException("With a cache, rows must be padded on the right and not packed.", nameof(input));

        using var scope = NewDisposeScope();
        VirtualTokens? front = context.Cache is null or { Columns: 0 } ? context.Virtual : null; // a cache has them from the first pass on
        Columns columns = new(input, front);
        // Virtual tokens stand beside what the stack makes of a token's vector, as in peft: they are not scaled.
        Tensor embedded = stack.Scaled(_tokens.Forward(input.Ids, context)); // [B, T, E]
        embedded = columns.Join(embedded, front?.Embeddings(input.Count, _config.TableWidth, embedded.dtype)); // [B, W, E]
        Stack.Output output = stack.Run(embedded, columns, front, context, memory);
        context.Cache?.Advance(columns.Lengths);
        output.States.MoveToOuterDisposeScope();
        return (output, columns);
    }
}
