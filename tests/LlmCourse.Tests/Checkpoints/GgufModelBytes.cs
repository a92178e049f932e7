namespace LlmCourse.Tests.Checkpoints;

/// <summary>GGUF files of tiny models: metadata and tensors as llama.cpp's converter names them, one layer of each.</summary>
internal static class GgufModelBytes
{
    /// <summary>Width 8, two heads of 4, one key/value head, feed-forward 6, five tokens; every tensor counts up from 1.</summary>
    public static GgufBytes Tiny(string architecture, int layers = 1)
    {
        GgufBytes file = new GgufBytes().Value("general.architecture", 8, writer => GgufBytes.Text(writer, architecture));
        foreach ((string key, uint value) in new[] { ("embedding_length", 8u), ("block_count", (uint)layers), ("attention.head_count", 2u), ("feed_forward_length", 6u), ("context_length", 32u) })
            file.Value($"{architecture}.{key}", 4, writer => writer.Write(value));
        return architecture == "gpt2" ? Gpt2(file) : Decoder(file.Value($"{architecture}.attention.head_count_kv", 4, writer => writer.Write(1u)), architecture);
    }

    public static GgufBytes Tensor(GgufBytes file, string name, params ulong[] shape)
    {
        int count = (int)shape.Aggregate(1UL, (product, size) => product * size);
        return file.Tensor(name, 0, [.. shape.Reverse()], GgufBytes.Floats([.. Enumerable.Range(1, count).Select(i => (float)i)]));
    }

    private static GgufBytes Gpt2(GgufBytes file)
    {
        file.Value("gpt2.attention.layer_norm_epsilon", 6, writer => writer.Write(1e-5f));
        Tensor(file, "token_embd.weight", 5, 8);
        Tensor(file, "position_embd.weight", 32, 8);
        foreach (string norm in (string[])["blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"])
            Tensor(Tensor(file, norm + ".weight", 8), norm + ".bias", 8);
        foreach ((string name, ulong rows, ulong columns) in new[] { ("attn_qkv", 24UL, 8UL), ("attn_output", 8UL, 8UL), ("ffn_up", 6UL, 8UL), ("ffn_down", 8UL, 6UL) })
            Tensor(Tensor(file, $"blk.0.{name}.weight", rows, columns), $"blk.0.{name}.bias", rows);
        return file;
    }

    private static GgufBytes Decoder(GgufBytes file, string architecture)
    {
        file.Value($"{architecture}.attention.layer_norm_rms_epsilon", 6, writer => writer.Write(1e-5f));
        Tensor(file, "token_embd.weight", 5, 8);
        string[] norms = architecture is "gemma2" or "gemma3"
            ? ["attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"] : ["attn_norm", "ffn_norm"];
        foreach (string norm in norms.Select(norm => $"blk.0.{norm}").Append("output_norm"))
            Tensor(file, norm + ".weight", 8);
        if (architecture is "qwen3" or "gemma3")
            Tensor(Tensor(file, "blk.0.attn_q_norm.weight", 4), "blk.0.attn_k_norm.weight", 4);
        if (architecture == "gemma3")
            file.Value("gemma3.attention.sliding_window", 4, writer => writer.Write(16u));
        if (architecture == "phi3")
        {
            Tensor(Tensor(file, "blk.0.attn_qkv.weight", 16, 8), "blk.0.ffn_up.weight", 12, 8);
        }
        else
        {
            Tensor(Tensor(Tensor(file, "blk.0.attn_q.weight", 8, 8), "blk.0.attn_k.weight", 4, 8), "blk.0.attn_v.weight", 4, 8);
            Tensor(Tensor(file, "blk.0.ffn_gate.weight", 6, 8), "blk.0.ffn_up.weight", 6, 8);
            if (architecture == "qwen2")
                Tensor(Tensor(Tensor(file, "blk.0.attn_q.bias", 8), "blk.0.attn_k.bias", 4), "blk.0.attn_v.bias", 4);
        }

        return Tensor(Tensor(file, "blk.0.attn_output.weight", 8, 8), "blk.0.ffn_down.weight", 8, 6);
    }
}
