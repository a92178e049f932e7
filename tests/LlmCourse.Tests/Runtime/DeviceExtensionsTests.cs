using LlmCourse.Runtime;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

public sealed class DeviceExtensionsTests
{
    [Theory]
    [InlineData("cpu", "cpu", true)]
    [InlineData("cuda", "cuda:0", true)]
    [InlineData("cuda:0", "cuda:1", false)]
    [InlineData("cuda:0", "cpu", false)]
    public void Two_objects_may_be_one_place(string one, string other, bool same) => Assert.Equal(same, new Device(one).Is(new Device(other)));
}
