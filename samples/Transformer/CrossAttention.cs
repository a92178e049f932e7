using TorchSharp;
using static TorchSharp.torch;

namespace Transformer;

/// <summary>Where the decoder looks in the input while it writes each letter of the answer.</summary>
/// <param name="Read">The input, token by token.</param>
/// <param name="Written">The output, token by token.</param>
/// <param name="Weights">For each layer and head: a row for each written token, how its attention is spread over the input.</param>
internal sealed record CrossAttention(string[] Read, string[] Written, double[][][,] Weights)
{
    public static CrossAttention Of(Llm llm, ReversalTask task, string word)
    {
        int[] read = task.Tokenizer.EncodeIds(word);
        int[] written = task.Tokenizer.EncodeIds(ReversalTask.Answer(word));
        using DisposeScope scope = NewDisposeScope();
        using var noGrad = no_grad();
        using Sequences source = Sequences.FromRows([read]);
        using Sequences target = Sequences.FromRows([[task.StartId, .. written[..^1]]]);

        Trunk trunk = llm.Model.Trunk;
        using EncoderState encoded = trunk.Encode(source);
        using Hidden hidden = trunk.Run(target, new ForwardContext { CaptureAttentions = true }, encoded);
        double[][][,] weights = [.. hidden.CrossAttentions.Select(layer => Heads(layer[0]))]; // [1, H, T, S] each
        return new CrossAttention(Tokens(read), Tokens(written), weights);

        string[] Tokens(int[] ids) => [.. ids.Select(id => task.Tokenizer.IdToToken(id)!)];
    }

    /// <summary>A layer's heads averaged.</summary>
    public double[,] Mean(int layer)
    {
        double[][,] heads = Weights[layer];
        double[,] mean = new double[Written.Length, Read.Length];
        for (int t = 0; t < Written.Length; t++)
        {
            for (int s = 0; s < Read.Length; s++)
                mean[t, s] = heads.Average(head => head[t, s]);
        }

        return mean;
    }

    // [H, T, S]
    private static double[][,] Heads(Tensor layer)
    {
        int written = (int)layer.size(1), read = (int)layer.size(2);
        double[][,] heads = new double[layer.size(0)][,];
        for (int head = 0; head < heads.Length; head++)
        {
            double[] flat = [.. layer[head].to(ScalarType.Float64).contiguous().data<double>()];
            heads[head] = new double[written, read];
            Buffer.BlockCopy(flat, 0, heads[head], 0, flat.Length * sizeof(double));
        }

        return heads;
    }
}
