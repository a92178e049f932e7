using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;

namespace LlmCourse.Lifecycle;

/// <summary>Walks through a training step: forward, loss, backward in the opposite order, update; and remembers the fullest point of each.</summary>
internal sealed class StepMemory
{
    private readonly MemoryParts _always;
    private readonly bool _checkpointed;
    private readonly bool _stepsInBackward;
    private readonly Dictionary<string, MemoryParts> _fullest = [];
    private long _kept;
    private long _gradients;

    private StepMemory(MemoryParts always, bool checkpointed, bool stepsInBackward)
    {
        _always = always;
        _checkpointed = checkpointed;
        _stepsInBackward = stepsInBackward;
    }

    /// <summary>The fullest points.</summary>
    /// <param name="config">The model.</param>
    /// <param name="options">The batch and the optimizer.</param>
    /// <param name="choices">What is trained, and in which numbers.</param>
    /// <param name="always">What memory holds all the time: weights and states.</param>
    public static IReadOnlyList<MemoryMoment> Of(TransformerConfig config, MemoryPlanOptions options, MemoryChoices choices, MemoryParts always)
    {
        StepMemory step = new(always, options.GradientCheckpointing, options.StepInBackward && !choices.Trained.FreezesBase);
        long prompt = options.Use == MemoryUse.PromptTuning ? options.VirtualTokens : 0;
        bool both = config.Encoder is not null && config.Decoder is not null, tied = config.Head is { Kind: HeadKind.LanguageModel or HeadKind.MaskedLanguageModel, Tied: true };
        long table = tied && !choices.Trained.FreezesBase ? 0 : choices.Trained["embeddings.tokens"].Bytes;
        List<StackMemory> stacks = [];
        long length = options.Length + prompt;
        if (config.Encoder is { } encoder)
            stacks.Add(new StackMemory("encoder", encoder, choices, options.BatchSize, length, prompt > 0, default, both ? 0 : table, options.GradientCheckpointing));
        if (config.Decoder is { } decoder)
        {
            stacks.Add(both
                ? new StackMemory("decoder", decoder, choices, options.BatchSize, options.AnswerLength, prompt: false, (length, stacks[0].Flows), table, options.GradientCheckpointing)
                : new StackMemory("decoder", decoder, choices, options.BatchSize, length, prompt > 0, default, table, options.GradientCheckpointing));
        }

        // A decoder predicts a row's first token only from virtual ones in front; an encoder's decoder and a masked model predict all.
        long perRow = both ? options.AnswerLength : config.Decoder is not null && prompt == 0 ? options.Length - 1 : options.Length;
        long labelled = options.BatchSize * (config.Head.Kind is HeadKind.SequenceClassification or HeadKind.Scalar ? 1 : Math.Max(perRow, 1));
        HeadMemory head = new(config, choices, labelled, stacks[^1].Stream, stacks[^1].Flows);
        // What cross-attention's keys and values are made from, if their matrices are trained.
        // Where they have a gradient they stay because the graph is cut behind them.
        bool memoryKept = both && !stacks[0].Flows && Enumerable.Range(0, config.Decoder!.Layers).Any(layer => choices.Trained[$"decoder.{layer}.cross.k"].Any || choices.Trained[$"decoder.{layer}.cross.v"].Any);
        step.Run(stacks, head, both ? stacks[0].Stream : 0, memoryKept || (both && !stacks[0].Flows && options.GradientCheckpointing));
        step.Update(options.Optimizer.Rule(), choices);
        return [.. step._fullest.Select(entry => new MemoryMoment(entry.Key, entry.Value))];
    }

    private void Run(List<StackMemory> stacks, HeadMemory head, long memory, bool memoryKept)
    {
        for (int i = 0; i < stacks.Count; i++)
        {
            if (i > 0 && memoryKept)
                _kept += memory;
            Forward(stacks[i], i > 0 ? memory : 0);
        }

        _kept += head.Kept;
        _gradients += head.Gradients;
        See("loss", head.Made);
        _gradients += head.LaterGradients;
        See("backward", head.Flowing);
        _kept -= head.Kept - head.Held;
        for (int i = stacks.Count - 1; i >= 0; i--)
        {
            bool reads = i > 0;
            Backward(stacks[i], reads && stacks[0].Flows ? 2 * memory : 0);
            if (reads && memoryKept)
                _kept -= memory;
        }
    }

    // extra: the encoder's states, which live until the decoder is through
    private void Forward(StackMemory stack, long extra)
    {
        Forward(stack.Embedding, extra + stack.Stream);
        extra += stack.Bias + stack.MaskedBias;
        foreach (IReadOnlyList<IReadOnlyList<Operation>> block in stack.Blocks)
        {
            if (!_checkpointed)
            {
                foreach (IReadOnlyList<Operation> subLayer in block)
                    Forward(subLayer, extra + stack.Stream);
                continue;
            }

            // The block's graph, which is thrown away again, then its input.
            See("forward", extra + stack.Stream + MadeAgain(block));
            _kept += stack.Stream;
        }

        Forward(stack.Last, extra + stack.Stream);
        _kept += _checkpointed ? stack.Bias : stack.BiasKept;
    }

    // What a sub-layer makes lives until it is through.
    private void Forward(IReadOnlyList<Operation> operations, long extra)
    {
        See("forward", extra + operations.Sum(operation => operation.Made));
        _kept += operations.Sum(operation => operation.Kept);
    }

    // What a block that is computed again holds at most: the graph of the sub-layers that are through, and all that the next one makes.
    private static long MadeAgain(IReadOnlyList<IReadOnlyList<Operation>> block)
    {
        long kept = 0, most = 0;
        foreach (IReadOnlyList<Operation> subLayer in block)
        {
            most = Math.Max(most, kept + subLayer.Sum(operation => operation.Made));
            kept += subLayer.Sum(operation => operation.Kept);
        }

        return Math.Max(most, kept);
    }

    // The graph is cut between blocks: the gradient of a block's result stays until the block is through, and what its functions hold goes then.
    private void Backward(StackMemory stack, long extra)
    {
        Backward(stack.Last, extra + stack.Stream);
        _kept -= stack.Last.Sum(operation => operation.Held);
        extra += stack.BiasGradient;
        foreach (IReadOnlyList<IReadOnlyList<Operation>> block in Enumerable.Reverse(stack.Blocks))
        {
            Operation[] operations = [.. block.SelectMany(subLayer => subLayer)];
            long waiting = extra + stack.Stream;
            if (_checkpointed)
            {
                waiting += stack.MaskedBias;
                See("backward", waiting + MadeAgain(block));
                _kept += operations.Sum(operation => operation.Kept);
            }

            Backward(operations, waiting);
            _kept -= operations.Sum(operation => operation.Held) + (_checkpointed ? stack.Stream : 0);
            if (_stepsInBackward)
                _gradients -= operations.Sum(operation => operation.Trained);
        }

        _kept -= _checkpointed ? stack.Bias : stack.BiasKept;
        Backward(stack.Embedding, extra);
        _kept -= stack.Embedding.Sum(operation => operation.Held);
    }

    private void Backward(IReadOnlyList<Operation> operations, long extra)
    {
        for (int i = operations.Count - 1; i >= 0; i--)
        {
            _gradients += operations[i].Trained;
            See("backward", extra + operations[i].Flowing);
            _kept -= operations[i].Kept - operations[i].Held;
        }
    }

    // Short gradients are widened some at a time, as the optimizer does; a rule may hold copies of one parameter.
    private void Update(IUpdateRule rule, MemoryChoices choices)
    {
        _kept = 0; // the graph is gone with the loss
        long widened = 0, most = 0;
        foreach ((long[] shape, TorchSharp.torch.ScalarType type) in choices.Trained.Parameters)
        {
            long count = TrainedModules.Numel(shape), held = rule.Temporaries(shape) * Math.Max(4, choices.Size);
            if (Checkpoints.TensorMemory.ElementSize(type) < 4)
            {
                widened = widened > 0 && widened + count > Optimizer.WidenedAtOnce ? count : widened + count;
                held += widened * 4;
            }

            most = Math.Max(most, held);
        }

        See("update", most);
    }

    private void See(string phase, long temporaries)
    {
        MemoryParts parts = _always with { Activations = _kept, Gradients = _gradients, Temporaries = temporaries };
        if (!_fullest.TryGetValue(phase, out MemoryParts? fullest) || parts.Total > fullest.Total)
            _fullest[phase] = parts;
    }
}
