using TorchSharp;
using static TorchSharp.torch;

namespace Transformer;

/// <summary>
/// Training by hand with TorchSharp's own optimizer: Adam with the paper's numbers (section 5.3). As there, the learning
/// rate rises linearly first, since a post-norm transformer goes astray without a warm-up. The paper then lets it fall with
/// the square root of the step; a straight line down to 0 is better for a run this short.
/// </summary>
internal sealed class TrainingLoop : IDisposable
{
    private const double PeakRate = 2e-3;
    private const double WarmUp = 0.125;

    private readonly Llm _llm;
    private readonly optim.Optimizer _adam;
    private readonly optim.lr_scheduler.LRScheduler _schedule;

    public TrainingLoop(Llm llm, int steps)
    {
        _llm = llm;
        _adam = optim.AdamW(llm.TrainableParameters(), lr: PeakRate, beta1: 0.9, beta2: 0.98, eps: 1e-9, weight_decay: 0);
        double rising = WarmUp * steps;
        _schedule = optim.lr_scheduler.LambdaLR(_adam, step => Math.Min((step + 1) / rising, (steps - step) / (steps - rising)));
    }

    public double LearningRate => _adam.ParamGroups.First().LearningRate;

    /// <summary>One step on one batch. Returns the loss before it, in nats a letter.</summary>
    public double Step(Batch batch)
    {
        using DisposeScope scope = NewDisposeScope();
        _adam.zero_grad();
        Tensor loss = _llm.Loss(batch);
        loss.backward();
        _adam.step();
        _schedule.step();
        return loss.ToDouble();
    }

    public void Dispose() => _adam.Dispose();
}
