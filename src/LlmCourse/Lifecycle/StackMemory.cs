using LlmCourse.Transformers;

namespace LlmCourse.Lifecycle;

/// <summary>The operations of a stack as <see cref="Stack"/> runs them: embeddings, blocks, a last norm.</summary>
internal sealed class StackMemory
{
    private readonly long _stream;

    /// <param name="path">encoder or decoder.</param>
    /// <param name="config">Its choices.</param>
    /// <param name="choices">What is trained, and in which numbers.</param>
    /// <param name="batch">Rows B.</param>
    /// <param name="length">Tokens of a row T, virtual ones included.</param>
    /// <param name="prompt">Whether virtual tokens that are trained stand in front.</param>
    /// <param name="memory">The tokens of an encoder's row, or 0, and whether they have a gradient.</param>
    /// <param name="tableBytes">Of the gradient of the token table that is made here, or 0.</param>
    /// <param name="checkpointed">Whether blocks are computed again: then all have gradients.</param>
    public StackMemory(string path, StackConfig config, MemoryChoices choices, long batch, long length, bool prompt, (long Length, bool Flows) memory, long tableBytes, bool checkpointed)
    {
        BlockMemory block = new(config, choices, batch, length, memory.Length);
        TrainedModules trained = choices.Trained;
        long rows = batch * length, tableWidth = choices.EmbeddingWidth ?? choices.Width, tabled = rows * tableWidth * choices.Size;
        _stream = rows * choices.Width * choices.Size;
        bool flows = prompt || trained["embeddings.tokens"].Any || trained[path + ".positions"].Any || trained[path + ".token_types"].Any;
        long tables = tableBytes + trained[path + ".positions"].Bytes + trained[path + ".token_types"].Bytes + (prompt ? trained["prompt"].Bytes : 0);
        int scaled = config.EmbeddingScale == 1 ? 0 : 1, sums = (config.TokenTypes > 0 ? 1 : 0) + (config.Positions.Kind is PositionKind.Learned or PositionKind.Sinusoidal ? 1 : 0);
        if (choices.NarrowTokens)
        {
            // Tokens [N, E] are mapped to [N, D] before anything is added to them.
            Embedding.Add(new Operation((1 + scaled + (prompt ? 1 : 0)) * tabled, Flowing: 2 * tabled));
            flows |= Project(path + ".embedding_projection", _stream, tabled);
            (tableWidth, tabled) = (choices.Width, _stream);
            Embedding.Add(new Operation(sums * _stream, Flowing: 2 * _stream, Trained: tables));
        }
        else
        {
            Embedding.Add(new Operation((1 + scaled + sums + (prompt ? 1 : 0)) * tabled, Flowing: 2 * tabled, Trained: tables));
        }

        if (config.Norm.Embedding)
        {
            Embedding.Add(block.Norm(path + ".embedding_norm", rows, tableWidth, flows, 0));
            flows |= trained[path + ".embedding_norm"].Any;
        }

        Embedding.Add(block.Drop(config.EmbeddingDropout ?? config.Dropout, rows * tableWidth, flows, 0));
        if (choices is { EmbeddingWidth: not null, NarrowTokens: false })
            flows |= Project(path + ".embedding_projection", _stream, tabled);

        AddBias(path, config, choices, length, block.IsExplicit);
        for (int layer = 0; layer < config.Layers; layer++)
        {
            (IReadOnlyList<IReadOnlyList<Operation>> subLayers, bool after) = block.Of($"{path}.{config.WeightsOf(layer)}", flows, BiasFlows, memory.Flows, layer);
            // Layers that share weights add to the same gradients, which the last of them makes.
            if (Enumerable.Range(layer + 1, config.Layers - layer - 1).Any(later => config.WeightsOf(later) == config.WeightsOf(layer)))
                subLayers = [.. subLayers.Select(operations => (IReadOnlyList<Operation>)[.. operations.Select(operation => operation with { Trained = 0 })])];
            if (config.Positions.BiasByLayer)
                subLayers = [[OwnBias($"{path}.{layer}.relative_bias", config, choices, length, block.IsExplicit), .. subLayers[0]], .. subLayers.Skip(1)];
            // Between blocks the graph is cut, which keeps the stream; a first norm or a trained projection would anyway.
            bool kept = config.Norm.Placement is NormPlacement.Pre or NormPlacement.Sandwich || !trained.FreezesBase || !after;
            Blocks.Add(kept ? subLayers : [[new Operation(0, _stream, _stream)], .. subLayers]);
            flows = after || checkpointed;
        }

        if (config.Norm.Final)
        {
            Last.Add(block.Norm(path + ".final_norm", rows, choices.Width, flows, 0));
            flows |= trained[path + ".final_norm"].Any;
        }

        if (choices is { NarrowTokens: true, EmbeddingWidth: { } narrow })
        {
            TrainedModules.Role back = trained[path + ".output_projection"];
            long states = rows * narrow * choices.Size;
            Last.Add(new Operation(states, back.Any ? _stream : 0, Flowing: _stream + states, Trained: back.Bytes));
            flows |= back.Any;
        }

        if (config.FinalDropout)
            Last.Add(block.Drop(config.Dropout, rows * choices.Width, flows, 0));
        Flows = flows;

        // A map between the tables' width and the stream's: it keeps what it reads where it is trained.
        bool Project(string name, long made, long read)
        {
            TrainedModules.Role projection = trained[name];
            Embedding.Add(new Operation(made, projection.Any ? read : 0, Flowing: made + read, Trained: projection.Bytes));
            return projection.Any;
        }

        Last.Add(flows ? new Operation(0, _stream, _stream) : default); // cut as well
    }

    public List<Operation> Embedding { get; } = [];

    public List<IReadOnlyList<IReadOnlyList<Operation>>> Blocks { get; } = [];

    public List<Operation> Last { get; } = [];

    /// <summary>Whether the last states have a gradient.</summary>
    public bool Flows { get; }

    /// <summary>The bytes of the stream [N, D].</summary>
    public long Stream => _stream;

    /// <summary>The bytes of a relative bias [1, H, T, T].</summary>
    public long Bias { get; private set; }

    /// <summary>Those of what is made of it for a causal stack, in which the future is −∞.</summary>
    public long MaskedBias { get; private set; }

    /// <summary>What stays of them until the stack's backward pass is through.</summary>
    public long BiasKept { get; private set; }

    /// <summary>Those of its gradient, which all blocks add to.</summary>
    public long BiasGradient { get; private set; }

    private bool BiasFlows { get; set; }

    // One bias serves all blocks. The fused kernel keeps what it is given; the other forms add it and forget it. A bias that has a
    // gradient is never given to the fused kernel; the graph is cut behind it, which keeps it.
    private void AddBias(string path, StackConfig config, MemoryChoices choices, long length, bool isExplicit)
    {
        if (config.Positions.BiasByLayer)
            BiasFlows = choices.Trained[path + ".0.relative_bias"].Any;
        if (config.Positions.Kind != PositionKind.RelativeBias || config.Positions.BiasByLayer)
            return;
        long bytes = config.Heads * length * length * choices.Size;
        BiasFlows = choices.Trained[path + ".relative_bias"].Any;
        Bias = bytes;
        MaskedBias = config.Causal ? bytes : 0;
        BiasKept = BiasFlows && choices.Trains ? Bias + MaskedBias : isExplicit || !choices.Trains ? 0 : bytes;
        BiasGradient = BiasFlows ? 2 * bytes : 0; // what was added up so far, and what comes
        Embedding.Add(new Operation(Bias + MaskedBias, Trained: choices.Trained[path + ".relative_bias"].Bytes));
    }

    // A bias of the layer's own lives as long as its block: what is kept of it, and its gradient, are the block's.
    private static Operation OwnBias(string path, StackConfig config, MemoryChoices choices, long length, bool isExplicit)
    {
        TrainedModules.Role table = choices.Trained[path];
        long bytes = config.Heads * length * length * choices.Size, made = config.Causal ? 2 * bytes : bytes;
        bool kept = choices.Trains && (table.Any || !isExplicit);
        return new Operation(made, kept ? table.Any ? made : bytes : 0, Flowing: table.Any ? 2 * bytes : 0, Trained: table.Bytes);
    }
}
