using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// What soft prompts are to the model: something that stands in front of a row's tokens. It is evaluated once in each forward pass
/// that needs it, so that gradients reach what it is made of.
/// </summary>
internal interface ISoftPrompt
{
    /// <summary>The number n of virtual tokens.</summary>
    public int Count { get; }
}

/// <summary>Virtual tokens that are embeddings, read like those of tokens (prompt tuning, P-tuning): by the encoder where there is one.</summary>
internal interface IVirtualEmbeddings : ISoftPrompt
{
    /// <summary>[n, D], fresh.</summary>
    public Tensor Embeddings();
}

/// <summary>Virtual tokens that every layer's self-attention finds in front (prefix tuning): the decoder's where there is one.</summary>
internal interface IVirtualKeys : ISoftPrompt
{
    /// <summary>[n, 2L, Hkv, d], fresh: entry 2l has the keys of layer l, entry 2l + 1 its values.</summary>
    public Tensor KeysAndValues();
}
