using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>Virtual tokens that a small network makes: see <see cref="PTuningOptions"/>.</summary>
internal sealed class PTuning : SoftPrompt, IVirtualEmbeddings
{
    private readonly Parameter _embedding;
    private readonly (Cell Forward, Cell Backward)[] _lstm = [];
    private readonly Dense[] _mlp;
    private readonly Func<SoftPrompt> _again;

    private PTuning(PTuningOptions options, TransformerConfig config, Draws draws, Func<SoftPrompt> again)
        : base(options.VirtualTokens)
    {
        _again = again;
        long width = config.TableWidth, inner = options.HiddenWidth ?? width;
        _embedding = Add("embedding.weight", draws.Normal(Count * StoredRows(config), width));
        if (options.Encoder == PromptEncoder.Lstm)
        {
            _lstm = [.. Enumerable.Range(0, options.LstmLayers).Select(layer =>
            {
                long input = layer == 0 ? width : 2 * inner;
                return (AddCell($"l{layer}", input, inner, draws), AddCell($"l{layer}_reverse", input, inner, draws));
            })];
            _mlp = [AddDense("mlp_head.0", 2 * inner, 2 * inner, draws), AddDense("mlp_head.2", 2 * inner, width, draws)];
        }
        else
        {
            _mlp =
            [
                AddDense("mlp_head.0", width, inner, draws),
                AddDense("mlp_head.2", inner, inner, draws),
                AddDense("mlp_head.4", inner, width, draws),
            ];
        }
    }

    /// <summary>New virtual tokens for a model.</summary>
    public static PTuning Create(PTuningOptions options, TransformerModel model)
    {
        options.Validate();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Draws draws = new(options.Seed, model);
        return new PTuning(options, model.Config, draws, () => Create(options, model));
    }

    public Tensor Embeddings()
    {
        RequireAlive();
        using var scope = NewDisposeScope();
        return Evaluate().narrow(0, 0, Count).MoveToOuterDisposeScope();
    }

    protected override SoftPrompt Again() => _again();

    protected override Tensor Evaluate()
    {
        Tensor x = _embedding;
        foreach ((Cell forward, Cell backward) in _lstm)
            x = cat([forward.Read(x, reversed: false), backward.Read(x, reversed: true)], 1); // [n, 2h]
        x = _mlp[0].Forward(x);
        foreach (Dense layer in _mlp.Skip(1))
            x = layer.Forward(x.relu());
        return x;
    }

    private Cell AddCell(string name, long input, long inner, Draws draws)
    {
        Parameter Part(string part, params long[] shape) => Add($"lstm_head.{part}_{name}", draws.Uniform(1 / Math.Sqrt(inner), shape));
        return new Cell(
            new Dense(Part("weight_ih", 4 * inner, input), Part("bias_ih", 4 * inner)),
            new Dense(Part("weight_hh", 4 * inner, inner), Part("bias_hh", 4 * inner)));
    }

    /// <summary>One direction of an LSTM layer (Hochreiter and Schmidhuber 1997), its gates in torch's order: input, forget, cell, output.</summary>
    private sealed record Cell(Dense Input, Dense State)
    {
        // x [n, in] → [n, h]
        public Tensor Read(Tensor x, bool reversed)
        {
            Tensor inputs = Input.Forward(x); // [n, 4h]
            int count = (int)x.size(0);
            Tensor[] states = new Tensor[count];
            Tensor cell = zeros([1, State.Weight.size(1)], x.dtype, x.device), state = cell;
            for (int i = 0; i < count; i++)
            {
                int at = reversed ? count - 1 - i : i;
                Tensor[] gates = inputs.narrow(0, at, 1).Plus(State.Forward(state)).chunk(4, 1); // each [1, h]
                cell = gates[1].sigmoid().mul(cell).Plus(gates[0].sigmoid().mul(gates[2].tanh()));
                states[at] = state = gates[3].sigmoid().mul(cell.tanh());
            }

            return cat(states, 0);
        }
    }
}
