using LlmCourse.Data;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>
/// One token, so attention is its own value: f(x) = o(v(x)), and g(x) = down(relu(up(x))). The placements are then the
/// formulas of <see cref="NormPlacement"/>, written out.
/// </summary>
public sealed class BlockTests
{
    public static TheoryData<NormPlacement, NormKind> Placements
    {
        get
        {
            TheoryData<NormPlacement, NormKind> all = [];
            foreach (NormPlacement placement in Enum.GetValues<NormPlacement>())
            {
                foreach (NormKind kind in Enum.GetValues<NormKind>())
                    all.Add(placement, kind);
            }

            return all;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Placements))]
    public void Norms_stand_where_the_placement_says(NormPlacement placement, NormKind kind)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Sequences one = Sequences.FromRows([[3]], device: TestDevice.Device);
        NormConfig norm = new() { Placement = placement, Kind = kind };
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Layers = 1, Norm = norm }));
        Parts parts = new(Tiny.Weights(model), norm);
        Tensor x = parts["embeddings.tokens.weight"][3];
        foreach ((string name, Func<Tensor, Tensor> f) in new (string, Func<Tensor, Tensor>)[] { ("self", parts.Attend), ("feedforward", parts.Feed) })
        {
            x = placement switch
            {
                NormPlacement.Pre => x + f(parts.Norm(name, "norm", x)),
                NormPlacement.Post => parts.Norm(name, "norm", x + f(x)),
                NormPlacement.Sandwich => x + parts.Norm(name, "output_norm", f(parts.Norm(name, "norm", x))),
                _ => x + parts.Norm(name, "output_norm", f(x)),
            };
        }

        using Hidden hidden = Tiny.Run(model, one);
        TensorAssert.Close(x, hidden.States[0, 0], 1e-5);
    }

    [SkippableFact]
    public void In_parallel_both_read_the_same_stream_and_are_added_to_it()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Sequences one = Sequences.FromRows([[3]], device: TestDevice.Device);
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Layers = 1, ParallelResidual = true }));
        Parts parts = new(Tiny.Weights(model), new NormConfig());
        Tensor x = parts["embeddings.tokens.weight"][3];
        Tensor expected = x + parts.Attend(parts.Norm("self", "norm", x)) + parts.Feed(parts.Norm("feedforward", "norm", x));
        using Hidden hidden = Tiny.Run(model, one);
        TensorAssert.Close(expected, hidden.States[0, 0], 1e-5);
    }

    [SkippableFact]
    public void Embedding_and_final_norms_stand_at_the_ends()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Sequences one = Sequences.FromRows([[3]], device: TestDevice.Device);
        NormConfig norm = new() { Placement = NormPlacement.Post, Embedding = true, Final = true };
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Layers = 1, Norm = norm, EmbeddingScale = 3 }));
        Parts parts = new(Tiny.Weights(model), norm);
        Tensor x = parts.NormOf("decoder.embedding_norm", parts["embeddings.tokens.weight"][3] * 3);
        Tensor first = x;
        x = parts.Norm("self", "norm", x + parts.Attend(x));
        x = parts.Norm("feedforward", "norm", x + parts.Feed(x));
        x = parts.NormOf("decoder.final_norm", x);
        using Hidden hidden = Tiny.Run(model, one, new ForwardContext { CaptureHiddenStates = true });
        TensorAssert.Close(x, hidden.States[0, 0], 1e-5);
        TensorAssert.Close(first, hidden.HiddenStates[0][0, 0], 1e-5);
        TensorAssert.Same(hidden.States, hidden.HiddenStates[1]);
    }

    private sealed class Parts(Dictionary<string, Tensor> weights, NormConfig norm)
    {
        public Tensor this[string name] => weights[name];

        public Tensor Norm(string subLayer, string name, Tensor x) => NormOf($"decoder.0.{subLayer}.{name}", x);

        public Tensor NormOf(string path, Tensor x)
        {
            Tensor centred = norm.Kind == NormKind.Layer ? x - x.mean() : x;
            Tensor scaled = centred / (centred.pow(2).mean() + norm.Epsilon).sqrt() * weights[path + ".weight"];
            return norm.Kind == NormKind.Layer ? scaled + weights[path + ".bias"] : scaled;
        }

        public Tensor Attend(Tensor x) => weights["decoder.0.self.o.weight"].mv(weights["decoder.0.self.v.weight"].mv(x));

        public Tensor Feed(Tensor x) => weights["decoder.0.feedforward.down.weight"].mv(weights["decoder.0.feedforward.up.weight"].mv(x).relu());
    }
}
