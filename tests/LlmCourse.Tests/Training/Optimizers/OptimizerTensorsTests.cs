using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training.Optimizers;

[Collection(ProcessWide.Name)]
public sealed class OptimizerTensorsTests
{
    [Theory]
    [MemberData(nameof(OptimizerTests.All), MemberType = typeof(OptimizerTests))]
    public void Steps_norms_and_loads_leave_no_tensor(OptimizerOptions options)
    {
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            Tensor[] starts = Trained.Starts(type);
            using Trained trained = new(options, starts);
            ProcessWide.LeavesNoTensors(5, step =>
            {
                trained.Steps(2 * (step + 1), 2 * (step + 2), scale: 0.5);
                GradientNorm.Of(trained.Values);
                using var scope = NewDisposeScope();
                Dictionary<string, Tensor> state = trained.Optimizer.State.ToDictionary(entry => entry.Key, entry => entry.Value.clone());
                trained.Optimizer.Load(state.GetValueOrDefault);
                Assert.Throws<OptimizerStateException>(() => trained.Optimizer.Load(key => key.EndsWith("p3", StringComparison.Ordinal) ? null : state[key]));
            });
            Array.ForEach(starts, start => start.Dispose());
        }
    }
}
