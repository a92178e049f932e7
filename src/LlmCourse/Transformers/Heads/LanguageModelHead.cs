using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>Hidden states → a logit for every token; for masked language models behind a transform.</summary>
internal sealed class LanguageModelHead
{
    private readonly HeadConfig _config;
    private readonly HeadTransform? _transform;
    private Linear _output;
    private (Linear Output, Weights Own)? _tied;

    public LanguageModelHead(ParameterStore store, TransformerConfig config, Weights tokenTable)
    {
        _config = config.Head;
        _transform = HeadTransform.Of(store, config, config.TableWidth);
        long vocabulary = config.VocabularySize;
        if (_config.Tied)
        {
            Weights? bias = _config.Bias ? store.Add(["head.output.bias"], [vocabulary], [], trainable: !_config.FrozenBias) : null;
            _output = new Linear("head.output", tokenTable, bias);
        }
        else
        {
            _output = new Linear(store, config.TableWidth, _config.Bias, ("head.output", vocabulary));
        }
    }

    public IEnumerable<AdapterSite> Sites => [.. _transform?.Sites ?? [], .. _output.Sites];

    /// <summary>Gives a tied output a matrix of its own, which starts as the token table.</summary>
    public void Untie(ParameterStore store, Weights tokenTable)
    {
        Weights own = store.Add("head.output.weight", tokenTable.Whole.shape);
        own.Whole.copy_(tokenTable.Whole);
        _tied = (_output, own);
        _output = _output.WithWeight(own);
    }

    /// <summary>Undoes <see cref="Untie"/>.</summary>
    public void Retie(ParameterStore store)
    {
        (_output, Weights own) = _tied ?? throw new InvalidOperationException("The output was never untied.");
        _tied = null;
        store.Remove(own);
    }

    /// <summary>States of any rows, [.., D] → [.., V].</summary>
    public Tensor Logits(Tensor states, ForwardContext context)
    {
        using var scope = NewDisposeScope();
        Tensor logits = _output.Forward(Transform(states, context), context);
        if (_config.Softcap is { } cap)
            logits = logits.Over(cap).tanh_().Times(cap); // tanh's own result is needed for its gradient
        return logits.MoveToOuterDisposeScope();
    }

    /// <summary>Σ −log p(label) over rows: states [N, D], labels int64 [N] → a scalar. No [N, V] tensor is made.</summary>
    public Tensor LossSum(Tensor states, Tensor labels, ForwardContext context)
    {
        using var scope = NewDisposeScope();
        // An adapter on the output changes the logits themselves.
        Tensor sum = context.Adapter?.ActsOn(_output.Sites[0]) == true
            ? Kernels.CrossEntropySum(Logits(states, context), labels)
            : Kernels.LinearCrossEntropy(Transform(states, context), _output.Weight(context), _output.Bias(context), labels, _config.Softcap);
        return sum.MoveToOuterDisposeScope();
    }

    private Tensor Transform(Tensor states, ForwardContext context)
    {
        Tensor x = _transform?.Forward(states, context) ?? states;
        return _config.Scale == 1 ? x : x.Times(_config.Scale);
    }
}
