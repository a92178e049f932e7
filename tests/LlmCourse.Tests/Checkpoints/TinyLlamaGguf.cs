using LlmCourse.Checkpoints;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Checkpoints;

/// <summary>Writes a small llama as llama.cpp's converter does: its own names, q and k rows in pairs, F32.</summary>
internal static class TinyLlamaGguf
{
    public static byte[] Build(Pretrained model, IReadOnlyDictionary<string, object>? tokenizer = null, Action<GgufBytes>? more = null)
    {
        StackConfig stack = model.Model.Config.Decoder!;
        GgufBytes file = new GgufBytes()
            .Value("general.architecture", 8, writer => GgufBytes.Text(writer, "llama"))
            .Value("llama.embedding_length", 4, writer => writer.Write(model.Model.Config.Width))
            .Value("llama.block_count", 4, writer => writer.Write(stack.Layers))
            .Value("llama.attention.head_count", 4, writer => writer.Write(stack.Heads))
            .Value("llama.attention.head_count_kv", 4, writer => writer.Write(stack.KeyValueHeads ?? stack.Heads))
            .Value("llama.feed_forward_length", 4, writer => writer.Write(stack.FeedForwardWidth))
            .Value("llama.context_length", 4, writer => writer.Write(stack.Positions.Count))
            .Value("llama.attention.layer_norm_rms_epsilon", 6, writer => writer.Write((float)stack.Norm.Epsilon));
        foreach ((string key, object value) in tokenizer ?? new Dictionary<string, object>())
            Add(file, key, value);
        more?.Invoke(file);
        foreach ((string name, var parameter) in model.Model.NamedParameters)
        {
            string[] parts = name.Split('.');
            string theirs = parts switch
            {
                ["embeddings", ..] => "token_embd.weight",
                [_, "final_norm", _] => "output_norm.weight",
                ["head", ..] => "output.weight",
                [_, var i, "self", "norm", _] => $"blk.{i}.attn_norm.weight",
                [_, var i, "self", "o", var kind] => $"blk.{i}.attn_output.{kind}",
                [_, var i, "self", var part, var kind] => $"blk.{i}.attn_{part}.{kind}",
                [_, var i, "feedforward", var part, var kind] => $"blk.{i}.ffn_{part}.{kind}",
                _ => throw new InvalidOperationException(name),
            };
            long[] shape = parameter.shape;
            using Tensor host = parameter.detach().cpu(), flat = host.reshape(-1);
            float[] values = [.. flat.data<float>()];
            if (parts is [_, _, "self", "q" or "k", _])
                values = InPairs(values, stack.HeadSize, (int)(values.Length / shape[0]));
            file.Tensor(theirs, 0, [.. shape.Reverse().Select(size => (ulong)size)], GgufBytes.Floats(values));
        }

        return file.Build();
    }

    private static void Add(GgufBytes file, string key, object value)
    {
        switch (value)
        {
            case string text:
                file.Value(key, 8, writer => GgufBytes.Text(writer, text));
                break;
            case uint number:
                file.Value(key, 4, writer => writer.Write(number));
                break;
            case string[] texts:
                AddList(file, key, 8, texts, GgufBytes.Text);
                break;
            case float[] numbers:
                AddList(file, key, 6, numbers, (writer, number) => writer.Write(number));
                break;
            case int[] numbers:
                AddList(file, key, 5, numbers, (writer, number) => writer.Write(number));
                break;
            default:
                throw new ArgumentException($"{key}: {value.GetType().Name}", nameof(value));
        }
    }

    private static void AddList<T>(GgufBytes file, string key, uint type, T[] values, Action<BinaryWriter, T> write) => file.Value(key, 9, writer =>
    {
        writer.Write(type);
        writer.Write((ulong)values.Length);
        foreach (T value in values)
            write(writer, value);
    });

    // Row i and row i + half of a head become neighbours.
    private static float[] InPairs(float[] values, int headSize, int width) =>
        [.. values.Chunk(headSize * width).SelectMany(head =>
            Enumerable.Range(0, headSize).SelectMany(row => head.Skip(((row % 2 * (headSize / 2)) + (row / 2)) * width).Take(width)))];
}
