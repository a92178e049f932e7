using LlmCourse.Transformers;

namespace LlmCourse.Lifecycle;

/// <summary>
/// The operations of a block as <see cref="Block"/> runs them, and what each keeps for its backward pass. In what follows N = B·T rows
/// go through it, M = B·S are what attention reads; D is the width, Q = H·d and K = Hkv·d what queries and keys measure, F the
/// inner width. All figures are elements until they are multiplied by the size of a number.
/// </summary>
/// <param name="config">The stack's choices.</param>
/// <param name="choices">What is trained, and in which numbers.</param>
/// <param name="batch">Rows of the batch B.</param>
/// <param name="length">Tokens of a row T.</param>
/// <param name="memory">Tokens of a row of the encoder that cross-attention reads; 0 for none.</param>
internal sealed class BlockMemory(StackConfig config, MemoryChoices choices, long batch, long length, long memory)
{
    private readonly MemoryChoices _choices = choices;
    private readonly StackConfig _config = config;
    private readonly long _rows = batch * length;

    private long Stream => _rows * _choices.Width * _choices.Size;

    private long Query => (long)_config.Heads * _config.HeadSize;

    private long Key => (long)_config.KeyValueHeadCount * _config.HeadSize;

    /// <summary>Whether scores are mixed by the form that holds them all: dropout of weights and soft-capping need it.</summary>
    public bool IsExplicit => _config.AttentionSoftcap is not null || Drops(_config.AttentionDropout);

    /// <summary>The operations of its sub-layers in the order of its forward pass, and whether its output has a gradient.</summary>
    /// <param name="path">The prefix of its modules' names.</param>
    /// <param name="flows">Whether its input has a gradient; false for the first blocks over a frozen base.</param>
    /// <param name="biasFlows">Whether a relative bias that is added to scores has one.</param>
    /// <param name="memoryFlows">Whether what cross-attention reads has one.</param>
    /// <param name="layer">The block's number, which decides the window.</param>
    public (IReadOnlyList<IReadOnlyList<Operation>> SubLayers, bool Flows) Of(string path, bool flows, bool biasFlows, bool memoryFlows, int layer)
    {
        List<Operation> self = [], cross = [], fed = [];
        flows = SubLayer(self, path + ".self", flows, repeated: false, (waiting, input) => SelfAttention(self, path + ".self", waiting, input, biasFlows, layer));
        if (memory > 0)
            flows = SubLayer(cross, path + ".cross", flows, repeated: false, (waiting, input) => CrossAttention(cross, path + ".cross", waiting, input, memoryFlows));
        flows = SubLayer(fed, path + ".feedforward", flows, repeated: _config.ParallelResidual, (waiting, input) => FeedForward(fed, path + ".feedforward", waiting, input));
        return ([self, cross, fed], flows);
    }

    // x [N, D] → x + norms around f. While f's backward pass runs, the gradient of the sum waits for the residual.
    private bool SubLayer(List<Operation> operations, string path, bool flows, bool repeated, Func<long, bool, bool> run)
    {
        NormPlacement placement = _config.Norm.Placement;
        long waiting = flows ? Stream : 0;
        bool input = flows;
        bool skipped = _config.Norm.SkipFirst && path.EndsWith(".0.self", StringComparison.Ordinal);
        if (placement is NormPlacement.Pre or NormPlacement.Sandwich && !skipped)
        {
            Operation norm = Norm(path + ".norm", _rows, _choices.Width, flows, waiting);
            operations.Add(repeated ? norm with { Kept = Math.Max(0, norm.Kept - Stream), Held = Math.Max(0, norm.Held - Stream) } : norm);
            input |= _choices.Trained[path + ".norm"].Any;
        }

        bool output = run(waiting, input);
        if (placement is NormPlacement.Sandwich or NormPlacement.Output)
        {
            operations.Add(Norm(path + ".output_norm", _rows, _choices.Width, output, waiting));
            output |= _choices.Trained[path + ".output_norm"].Any;
        }

        double? dropout = path.EndsWith("feedforward", StringComparison.Ordinal) ? _config.FeedForwardOutputDropout : _config.AttentionOutputDropout;
        operations.Add(Drop(dropout ?? _config.Dropout, _rows * _choices.Width, output, waiting));
        operations.Add(new Operation(Stream, Flowing: Stream)); // the sum
        flows |= output;
        if (placement == NormPlacement.Post)
        {
            operations.Add(Norm(path + ".norm", _rows, _choices.Width, flows, 0));
            flows |= _choices.Trained[path + ".norm"].Any;
        }

        return flows;
    }

    private bool SelfAttention(List<Operation> operations, string path, long waiting, bool flows, bool biasFlows, int layer)
    {
        bool output = Project(operations, path, flows, _rows, waiting, _config.FusedQueryKeyValue ? [("qkv", Query + (2 * Key))] : [("q", Query), ("k", Key), ("v", Key)]);
        if (_config.QueryKeyNorm)
        {
            (long q, long k) = _config.JointQueryKeyNorm ? (Query, Key) : (_config.HeadSize, _config.HeadSize);
            operations.Add(Norm(path + ".q_norm", _rows * Query / q, q, output, waiting + (_rows * Key * _choices.Size)));
            operations.Add(Norm(path + ".k_norm", _rows * Key / k, k, output, waiting + (_rows * Query * _choices.Size)));
            output |= _choices.Trained[path + ".q_norm"].Any || _choices.Trained[path + ".k_norm"].Any;
        }

        if (_config.PositionsOf(layer).Kind == PositionKind.Rotary)
        {
            // Only angles are kept, and all blocks share them. But where v is a part of one product it keeps what q and k were before.
            long turned = _rows * (Query + Key) * _choices.Size;
            operations.Add(new Operation(turned, output && _config.FusedQueryKeyValue ? turned : 0, Flowing: waiting + (2 * turned)));
        }

        // The mask of a window is made for each kind of layer, and each call keeps its form as numbers.
        long mask = _config.Window(layer) is { } window && window < length ? length * length : 0;
        Attend(operations, path, waiting, output, biasFlows, length, mask);
        return Mixed(operations, path, waiting, output);
    }

    private bool CrossAttention(List<Operation> operations, string path, long waiting, bool flows, bool memoryFlows)
    {
        // What the encoder gave is kept once for all blocks that read it, not by each.
        bool keys = Project(operations, path, memoryFlows, batch * memory, waiting, [("k", Key), ("v", Key)], inputCounted: true);
        bool queries = Project(operations, path, flows, _rows, waiting, [("q", Query)]);
        Attend(operations, path, waiting, keys || queries, biasFlows: false, memory, mask: 0);
        return Mixed(operations, path, waiting, keys || queries);
    }

    // q [B, H, T, d], k and v [B, Hkv, S, d] → [B, T, H·d]
    private void Attend(List<Operation> operations, string path, long waiting, bool flows, bool biasFlows, long keys, long mask)
    {
        long size = _choices.Size, scores = batch * _config.Heads * length * keys, read = batch * keys;
        long mixed = _rows * Query * size, inputs = (_rows * Query * size) + (2 * read * Key * size);
        long gradients = waiting + mixed + inputs;
        bool outputKept = _choices.Trained[path + ".o"] is { Whole: true } or { Rank: > 0 };
        if (!IsExplicit && !(biasFlows && _choices.Trains))
        {
            // torch's fused kernel: q, k, v and its output, log sum exp [B, H, T] in fp32, and a mask as numbers.
            long sums = batch * _config.Heads * length * 4;
            operations.Add(new Operation(mixed + sums + (mask * size), flows ? inputs + mixed + sums + (mask * size) : 0, Flowing: gradients));
            return;
        }

        // q kᵀ of all heads: bmm wants q, k and v as [B·H, ·, d], which is a copy; keys of a group are repeated.
        long copies = (_rows * Query * size) + (2 * read * Query * size), output = outputKept ? mixed : 0;
        bool drops = Drops(_config.AttentionDropout);
        long wide = IsExplicit ? Math.Max(size, 4) : size; // the explicit form's softmax is in fp32
        long weights = scores * wide; // softmax keeps its result
        long kept = copies + weights + output
            + (wide > size && IsExplicit ? scores * size : 0) // rounded, for the product with v
            + (drops ? 2 * scores * size : 0) // the mask, and what it left
            + (_config.AttentionSoftcap is not null ? scores * size : 0); // tanh keeps its result
        operations.Add(new Operation(kept + mixed + (2 * scores * size), flows ? kept : 0, Flowing: gradients + (2 * scores * wide)));
    }

    // The output projection: joined [N, Q] was counted with what made it.
    private bool Mixed(List<Operation> operations, string path, long waiting, bool flows)
    {
        operations.Add(Linear(path, flows, _rows, Query, waiting, inputCounted: true, [("o", _choices.Width)]));
        return flows || _choices.Trained[path + ".o"].Any;
    }

    private bool Project(List<Operation> operations, string path, bool flows, long rows, long waiting, (string Part, long Size)[] parts, bool inputCounted = false)
    {
        operations.Add(Linear(path, flows, rows, _choices.Width, waiting, inputCounted, parts));
        return flows || parts.Any(part => _choices.Trained[$"{path}.{part.Part}"].Any);
    }

    private bool FeedForward(List<Operation> operations, string path, long waiting, bool flows)
    {
        long inner = _config.FeedForwardWidth, bytes = _rows * inner * _choices.Size;
        bool output = Project(operations, path, flows, _rows, waiting, _config.FusedGateUp ? [("gate_up", 2 * inner)] : _config.Gated ? [("gate", inner), ("up", inner)] : [("up", inner)]);
        if (_config.FusedGateUp && output)
            operations.Add(new Operation(2 * bytes, Flowing: waiting + (4 * bytes))); // a copy of each half
        bool keepsInner = _choices.Trained[path + ".down"] is { Whole: true } or { Rank: > 0 };
        // Gated: SiLU in one kernel keeps gate and up, and makes their product again for the gradient of down where it trains down itself;
        // other gates keep what the activation was given, what it gave, and up, which for ReLU are two. Not gated: ReLU keeps its result,
        // which is also what down reads, and others what they were given.
        bool relu = _config.Activation == Activation.Relu, drops = Drops(_config.ActivationDropout), fused = _config is { Gated: true, Activation: Activation.Silu } && _choices.FastTraining;
        bool joined = fused && !drops && !_config.FeedForwardBias && _choices.Trained[path + ".down"] is { Whole: true, Rank: 0 } && !_choices.Trained.FreezesBase;
        long kept = _config.Gated ? (fused || relu ? 2 : 3) * bytes : bytes;
        long result = joined || (!_config.Gated && relu && !drops) || !keepsInner ? 0 : bytes;
        bool gatedTwice = _config.Gated && !fused;
        operations.Add(new Operation((gatedTwice ? 2 : 1) * bytes, output ? kept : 0, output && fused ? kept : 0, waiting + ((_config.Gated ? 3 : 2) * bytes) + (gatedTwice ? bytes : 0)));
        operations.Add(Drop(_config.ActivationDropout, _rows * inner, output, waiting));
        Operation down = Linear(path, output, _rows, inner, waiting, inputCounted: true, [("down", _choices.Width)]);
        bool held = _choices.Trained[path + ".down"].Rank > 0 && down.Held > 0;
        operations.Add(down with { Kept = down.Kept + result, Held = down.Held + (held ? result : 0) });
        return output || _choices.Trained[path + ".down"].Any;
    }

    private bool Drops(double share) => _choices.Drops && share > 0;

    /// <summary>x · mask: the mask stays.</summary>
    public Operation Drop(double share, long elements, bool flows, long waiting)
    {
        long bytes = elements * _choices.Size;
        return Drops(share) ? new Operation(bytes + (elements * 4) + (_choices.Size == 4 ? 0 : bytes), flows ? bytes : 0, Flowing: waiting + (2 * bytes)) : default;
    }

    /// <summary>A norm over rows [n, size].</summary>
    public Operation Norm(string path, long rows, long size, bool flows, long waiting)
    {
        TrainedModules.Role role = _choices.Trained[path];
        long bytes = rows * size * _choices.Size, wide = rows * size * Math.Max(4, _choices.Size);
        // LayerNorm: x, and mean and deviation of each row in fp32. RMSNorm by its own kernel: x alone. By its plain form: x widened, a
        // number for each row, and for a trained weight the normalised x.
        long kept = _config.Norm.Kind == NormKind.Layer ? bytes + (8 * rows)
            : _choices.FastTraining ? bytes
            : wide + (rows * 4) + (role.Any ? bytes : 0);
        kept = flows || role.Any ? kept : 0;
        bool own = _config.Norm.Kind == NormKind.Rms && _choices.FastTraining;
        return new Operation(bytes, kept, own ? kept : 0, waiting + (2 * bytes), role.Bytes);
    }

    // x [n, input] → a [n, size] for each part. A trained weight keeps x, which is kept once for all parts; LoRA over a base of the same type
    // keeps x and x Aᵀ [n, r], over a shorter base a wide copy of x for each part.
    private Operation Linear(string path, bool flows, long rows, long input, long waiting, bool inputCounted, (string Part, long Size)[] parts)
    {
        long size = _choices.Size, made = 0, kept = 0, held = 0, outputs = 0, trained = 0;
        bool keepsInput = false, holdsInput = false;
        bool drops = _choices.Trained.Lora is { Dropout: > 0 } && _choices.Drops;
        foreach ((string part, long width) in parts)
        {
            TrainedModules.Role role = _choices.Trained[$"{path}.{part}"];
            outputs += rows * width * size;
            trained += role.Bytes;
            if (role.Rank == 0)
            {
                keepsInput |= role.Whole;
                continue;
            }

            bool dora = _choices.Trained.Lora!.Dora, joined = !dora && !drops && size == _choices.AdapterSize;
            long wide = rows * input * _choices.AdapterSize;
            keepsInput |= !drops && size == _choices.AdapterSize;
            holdsInput |= joined;
            held += joined ? rows * role.Rank * size : 0;
            kept += rows * role.Rank * _choices.AdapterSize
                + (drops ? (flows ? rows * input * size : 0) + wide : size == _choices.AdapterSize ? 0 : wide)
                + (dora ? 2 * rows * width * _choices.AdapterSize : 0); // W x and B A x, which m multiplies
            made += joined ? 0 : (2 * rows * width * _choices.AdapterSize) + (dora ? 3 * input * width * _choices.AdapterSize : 0);
        }

        kept += keepsInput && !inputCounted ? rows * input * size : 0;
        held += holdsInput && !inputCounted ? rows * input * size : 0;
        long back = flows ? rows * input * size * Math.Min(parts.Length, 2) : 0; // each part's share, added up one by one
        return new Operation(made + outputs + kept, kept, held, waiting + outputs + back, trained);
    }
}
