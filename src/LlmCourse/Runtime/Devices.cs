using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>Devices by value: TorchSharp's <see cref="Device"/> compares by reference, and every tensor makes its own.</summary>
internal static class Devices
{
    /// <summary>Whether both mean the same place.</summary>
    public static bool IsSameAs(this Device device, Device other) =>
        device.type == other.type && (device.type == DeviceType.CPU || device.index == other.index);
}
