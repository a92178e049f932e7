using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>What TorchSharp's device lacks: two objects for one place are not equal there.</summary>
internal static class DeviceExtensions
{
    /// <summary>Whether both name one place; a device without a number (−1) is the first of its kind.</summary>
    public static bool Is(this Device one, Device other) =>
        one.type == other.type && Math.Max(one.index, 0) == Math.Max(other.index, 0);
}
