using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests;

/// <summary>
/// Where models, batches and their tensors are made: the device named by LLMCOURSE_TEST_DEVICE, the CPU by default. Tests of
/// CPU kernels and of host files stay on the CPU.
/// </summary>
internal static class TestDevice
{
    private static readonly Device Named = new(Environment.GetEnvironmentVariable("LLMCOURSE_TEST_DEVICE") is { Length: > 0 } name ? name : "cpu");

    /// <summary>The device; where it is absent, whoever asks for it skips (a test that does so is a SkippableFact).</summary>
    public static Device Device
    {
        get
        {
            bool absent = Named.type == DeviceType.CUDA && (!cuda.is_available() || Math.Max(Named.index, 0) >= cuda.device_count());
            Skip.If(absent, $"LLMCOURSE_TEST_DEVICE is {Named}, and there is no such device");
            return Named;
        }
    }
}
