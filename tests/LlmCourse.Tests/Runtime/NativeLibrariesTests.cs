using LlmCourse.Runtime;
using TorchSharp;

namespace LlmCourse.Tests.Runtime;

public sealed class NativeLibrariesTests
{
    [Fact]
    public void Torch_works_in_this_process()
    {
        using torch.Tensor ones = torch.ones(2, 3);
        using torch.Tensor sum = ones.sum();
        Assert.Equal(6f, sum.ToSingle());
    }

    [Fact]
    public void Loading_again_is_harmless()
    {
        NativeLibraries.Register();
        NativeLibraries.EnsureLoaded();
        NativeLibraries.EnsureLoaded();
    }
}
